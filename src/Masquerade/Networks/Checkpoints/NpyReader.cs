using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Networks.Checkpoints;

/// <summary>Reads NumPy's <c>.npy</c> files: arrays of numbers, and a dictionary of arrays that was pickled into one.</summary>
public static partial class NpyReader
{
    private const int MaxHeader = 65_536;
    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <summary>Reads an array of numbers.</summary>
    /// <exception cref="InputException">The file is missing, damaged, or holds objects or an element type that is not read.</exception>
    public static CheckpointTensor ReadArray(string path) => CheckpointFile.Read(path, (reader, _) =>
    {
        var (type, fortran, shape) = ReadHeader(reader);
        if (type.IsObject) throw reader.Source.Fail("it holds Python objects where an array of numbers is needed");
        var expected = TensorLayout.Count(reader.Source, shape) * TensorLayout.SizeOf(type.Type);
        if (expected != reader.Remaining)
            throw reader.Source.Fail($"its array needs {expected} bytes, {reader.Remaining} are there; fetch it again");
        return TensorLayout.Whole(reader.Source, type.Store(reader.ReadBytes(expected)), shape, fortran).Resolve(reader.Source);
    });

    /// <summary>
    /// Reads a file that <c>numpy.save</c> made of a dictionary of arrays, which may be nested: names are joined by dots. Parsed with the
    /// same care as <see cref="CheckpointReader.Read"/>.
    /// </summary>
    /// <exception cref="InputException">The file is missing, damaged, or its pickle asks for anything but arrays.</exception>
    public static IReadOnlyDictionary<string, CheckpointTensor> ReadDictionary(string path) => CheckpointFile.Read(path, (reader, _) =>
    {
        var (type, _, _) = ReadHeader(reader);
        if (!type.IsObject) throw reader.Source.Fail("it holds an array of numbers where a dictionary of arrays is needed");
        var value = PickleReader.Read(reader);
        return StateDict.Flatten(reader.Source, value is PickledArray array ? array.Value : value);
    });

    private static (NumpyType Type, bool Fortran, long[] Shape) ReadHeader(BoundedReader reader)
    {
        var source = reader.Source;
        if (reader.Remaining < Magic.Length || !reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic))
            throw source.Fail("not a .npy file");
        var version = reader.ReadUInt16() & 0xff;
        var length = version == 1 ? reader.ReadUInt16() : (uint)reader.ReadInt32();
        if (version is < 1 or > 3 || length > MaxHeader) throw source.Fail("its .npy header is of an unknown version or too long");
        var header = Header().Match(Encoding.Latin1.GetString(reader.ReadBytes(length)));
        if (!header.Success) throw source.Fail("its .npy header is damaged, or describes records, which are not read");
        var type = new NumpyType(source, header.Groups["code"].Value) { BigEndian = header.Groups["order"].Value == ">" };
        long[] shape =
        [
            .. header.Groups["size"].Captures.Select(size => long.TryParse(size.Value, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw source.Fail("its .npy header has an impossible shape")),
        ];
        return (type, header.Groups["fortran"].Value == "True", shape);
    }

    // What NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } and blanks up to a line feed; Python 2 wrote 2L, 3L.
    [GeneratedRegex("""
        ^\{'descr':\ '(?<order>[<>|=])(?<code>\w+)',
        \ 'fortran_order':\ (?<fortran>True|False),
        \ 'shape':\ \((?<size>\d+)?L?(,\ (?<size>\d+)L?)*,?\),\ ?\}\ *\n$
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Header();
}
