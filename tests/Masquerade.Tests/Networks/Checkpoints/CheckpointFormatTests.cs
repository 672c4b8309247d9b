using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Masquerade.Networks.Checkpoints;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Files whose outer form is damaged, contradictory or not a checkpoint at all, and files that Python itself pickled.</summary>
public sealed class CheckpointFormatTests : IDisposable
{
    private static readonly TestTensor Pair = TestTensor.Floats([2], 1, 2);
    private static readonly byte[] Pickle = CheckpointWriter.Dictionary([("w", Pair)]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_not_a_file_or_not_a_checkpoint_is_named()
    {
        Refusal.OfCheckpoint(_folder["absent.pt"], "there is no such file");
        Refusal.OfCheckpoint(_folder[Path.Combine("no-folder", "absent.pt")], "there is no such file");
        Refusal.OfCheckpoint(_folder["."], "a folder, or a file that may not be read");
        Refusal.OfCheckpoint(_folder.Write("empty", []), "not a checkpoint");
        Refusal.OfCheckpoint(_folder.Write("text", "The quick brown fox"u8.ToArray()), "not a checkpoint");
        Refusal.OfCheckpoint(_folder.Write("array.npy", CheckpointWriter.Npy("{}", [])), "not a checkpoint");
        Refusal.OfCheckpoint(_folder.Write("other.pkl", new Pickler().Proto().Text("x").Stop()), "not a PyTorch checkpoint");
        Refusal.OfCheckpoint(_folder.Write("other.pkl", new Pickler().Proto().Int(5).Stop()), "not a PyTorch checkpoint");
    }

    [Fact]
    public void Legacy_storages_must_be_those_of_the_tensors()
    {
        Legacy("does not match its tensors", ("1", 2, Pair.Storage));
        Legacy("does not match its tensors", ("0", 2, Pair.Storage), ("0", 2, Pair.Storage));
        Legacy("has 1 elements where 2 are announced", ("0", 1, Pair.Storage));
        Legacy("2 are announced", ("0", -1, Pair.Storage));
        Legacy("cut short", ("0", 2, Pair.Storage[..7]));
        Legacy("data of a tensor is missing");

        void Legacy(string expected, params (string, long, byte[])[] storages)
            => Refusal.OfCheckpoint(_folder.Write("w.pt", CheckpointWriter.Legacy(Pickle, storages)), expected);
    }

    [Fact]
    public void Zip_entries_must_be_those_of_the_tensors()
    {
        Zip("0 entries data.pkl", ("archive/data/0", Pair.Storage));
        Zip("2 entries data.pkl", ("a/data.pkl", Pickle), ("b/data.pkl", Pickle));
        Zip("two entries 'a/data.pkl'", ("a/data.pkl", Pickle), ("a/data.pkl", Pickle));
        Zip("lacks the storage '0'", ("a/data.pkl", Pickle), ("b/data/0", Pair.Storage));
        Zip("has 7 bytes where 8 are announced", ("a/data.pkl", Pickle), ("a/data/0", Pair.Storage[..7]));
        Zip("'middle'", ("a/data.pkl", Pickle), ("a/data/0", Pair.Storage), ("a/byteorder", "middle"u8.ToArray()));
        var bomb = CheckpointWriter.Zip([("a/data.pkl", Pickle), ("a/data/0", new byte[100_000])], CompressionLevel.Optimal);
        Refusal.OfCheckpoint(_folder.Write("w.pt", bomb), "compressed");

        void Zip(string expected, params (string, byte[])[] entries)
            => Refusal.OfCheckpoint(_folder.Write("w.pt", CheckpointWriter.Zip(entries)), expected);
    }

    [Theory]
    [InlineData(int.MaxValue, "impossible size")]
    [InlineData(400, "damaged or cut short")]
    public void Zip_entries_that_lie_about_their_size_are_refused(int claim, string expected)
    {
        // Stored sizes of the pickle, in the local header and in the directory at the end; both copies lie alike.
        var file = CheckpointWriter.Zip([("a/data/0", Pair.Storage), ("a/data.pkl", Pickle)]);
        var size = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(size, Pickle.Length);
        BinaryPrimitives.WriteInt32LittleEndian(size.AsSpan(4), Pickle.Length);
        var found = 0;
        for (var at = file.AsSpan().IndexOf(size); at >= 0; at = file.AsSpan().IndexOf(size), found++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), claim);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at + 4), claim);
        }
        found.ShouldBe(2);
        Refusal.OfCheckpoint(_folder.Write("w.pt", file), expected);
    }

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""", "wrong")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", "header is wrong")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", "header is wrong")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "header is wrong")]
    [InlineData("""{"w":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}""", "header is wrong")]
    [InlineData("""{"w":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", "header is wrong")]
    [InlineData("""{"w":[[[[[[[[[]]]]]]]]]}""", "header is wrong")]
    [InlineData("""{"w":{"dtype":"F8_E5M2","shape":[8],"data_offsets":[0,8]}}""", "'F8_E5M2' is not read")]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "do not give the 12 bytes")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}""", "do not give")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "do not give")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "take 16 bytes, 8 are there")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "take 4 bytes, 8 are there")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlap or leave holes")]
    [InlineData("""{"v":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""", "overlap")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "impossible or too large")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "impossible or too large")]
    public void Safetensors_headers_must_fit_the_data(string header, string expected)
        => Refusal.OfCheckpoint(_folder.Write("w.safetensors", CheckpointWriter.Safetensors(header, new byte[8])), expected);

    [Fact]
    public void A_safetensors_header_must_lie_in_the_file()
    {
        var file = CheckpointWriter.Safetensors([("w", Pair)]);
        BinaryPrimitives.WriteInt64LittleEndian(file, 1L << 60);
        Refusal.OfCheckpoint(_folder.Write("w.safetensors", file), "claims 1152921504606846976 bytes");
        BinaryPrimitives.WriteInt64LittleEndian(file, -1);
        Refusal.OfCheckpoint(_folder.Write("w.safetensors", file), "claims -1 bytes");
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "needs 12 bytes, 8 are there")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "needs 4 bytes, 8 are there")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "impossible or too large")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "impossible shape")]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "'c8' is not read")]
    [InlineData("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", "header is damaged")]
    [InlineData("{'descr': '<f4', 'fortran_order': __import__('os').system('x'), 'shape': (2,), }", "header is damaged")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (), }", "holds Python objects")]
    public void Npy_headers_must_fit_the_data(string header, string expected)
        => Refusal.Of(path => NpyReader.ReadArray(path), _folder.Write("a.npy", CheckpointWriter.Npy(header, new byte[8])), expected);

    [Fact]
    public void An_array_of_numbers_is_no_dictionary_and_other_files_are_no_npy()
    {
        var array = CheckpointWriter.Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[8]);
        Refusal.Of(path => NpyReader.ReadDictionary(path), _folder.Write("a.npy", array), "holds an array of numbers");
        Refusal.Of(path => NpyReader.ReadArray(path), _folder.Write("w.pt", CheckpointWriter.Zip([("w", Pair)])), "not a .npy file");
        Refusal.Of(path => NpyReader.ReadArray(path), _folder.Write("empty", []), "not a .npy file");
        array[6] = 4;
        Refusal.Of(path => NpyReader.ReadArray(path), _folder.Write("a.npy", array), "unknown version");
    }

    // Made by Python 3.11's pickle with a persistent_id and stand-ins for torch's classes: epoch, lr, 2**70, True, None, a state dict with
    // two views of one storage of six floats, and a list with a nested tuple.
    [Theory]
    [InlineData("""
        gAJ9cQAoWAUAAABlcG9jaHEBSwdYAgAAAGxycQJHP8AAAAAAAABYAwAAAGJpZ3EDigkAAAAAAAAAAEBYAgAAAG9rcQSIWAQAAABub25lcQVOWAoAAABzdGF0ZV9kaWN0cQZj
        Y29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQcpUnEIKFgMAAAAbGF5ZXIud2VpZ2h0cQljdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MgpxCigoWAcAAABzdG9yYWdl
        cQtjdG9yY2gKRmxvYXRTdG9yYWdlCnEMWAEAAAAwcQ1YAwAAAGNwdXEOSwZ0cQ9RSwBLAksDhnEQSwFLAoZxEYloBylScRJ0cRNScRRYCgAAAGxheWVyLmJpYXNxFWgKKCho
        C2gMaA1oDksGdHEWUUsESwKFcRdLAYVxGIloBylScRl0cRpScRt1fXEcWAkAAABfbWV0YWRhdGFxHWgHKVJxHlgAAAAAcR99cSBYBwAAAHZlcnNpb25xIUsBc3NzYlgFAAAA
        bmFtZXNxIl1xIyhYAQAAAGFxJFgBAAAAYnElStT+//9KcBEBAIdxJmV1Lg==
        """)]
    [InlineData("""
        gASVZwEAAAAAAAB9lCiMBWVwb2NolEsHjAJscpRHP8AAAAAAAACMA2JpZ5SKCQAAAAAAAAAAQIwCb2uUiIwEbm9uZZROjApzdGF0ZV9kaWN0lIwLY29sbGVjdGlvbnOUjAtP
        cmRlcmVkRGljdJSTlClSlCiMDGxheWVyLndlaWdodJSMDHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3RlbnNvcl92MpSTlCgojAdzdG9yYWdllIwFdG9yY2iUjAxGbG9hdFN0
        b3JhZ2WUk5SMATCUjANjcHWUSwZ0lFFLAEsCSwOGlEsBSwKGlIloCSlSlHSUUpSMCmxheWVyLmJpYXOUaA4oKGgPaBJoE2gUSwZ0lFFLBEsChZRLAYWUiWgJKVKUdJRSlHV9
        lIwJX21ldGFkYXRhlGgJKVKUjACUfZSMB3ZlcnNpb26USwFzc3NijAVuYW1lc5RdlCiMAWGUjAFilErU/v//SnARAQCHlGV1Lg==
        """)]
    public void Python_s_own_pickles_are_read(string base64)
    {
        var storage = TestTensor.Floats([6], 1, 2, 3, 4, 5, 6).Storage;
        var pickle = Convert.FromBase64String(base64);
        byte[][] files =
        [
            CheckpointWriter.Legacy(pickle, [("0", 6, storage)]), CheckpointWriter.Zip([("net/data.pkl", pickle), ("net/data/0", storage)]),
        ];
        foreach (var file in files)
        {
            var read = CheckpointReader.Read(_folder.Write("w.pt", file));
            read.Keys.ShouldBe(["state_dict.layer.weight", "state_dict.layer.bias"], ignoreOrder: true);
            read["state_dict.layer.weight"].Shape.ShouldBe([2, 3]);
            Floats(read["state_dict.layer.weight"]).ShouldBe([1, 3, 5, 2, 4, 6]);
            Floats(read["state_dict.layer.bias"]).ShouldBe([5, 6]);
        }
    }

    [Fact]
    public void A_name_in_a_message_is_short_and_printable()
    {
        var name = new StringBuilder("a\u001b[2J\r\n").Append('b', 5000).ToString();
        var pickle = new Pickler().Proto().Text(name).Text("x").Op(PickleOpcode.StackGlobal).Stop();
        var path = _folder.Write("w.pt", pickle);
        Refusal.OfCheckpoint(path, "'a?[2J??bbb").Message.Length.ShouldBeLessThan(path.Length + 300);
    }

    private static float[] Floats(CheckpointTensor tensor)
        => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();
}
