using Masquerade.Defenses.Filters;
using Masquerade.Defenses.Learned;
using Masquerade.Defenses.Restoration;

namespace Masquerade.Defenses;

/// <summary>What file a purifier reads.</summary>
/// <param name="PathAt">The parameter that names it, from 0; it is the last. Null where no parameter does.</param>
/// <param name="Shipped">The file that ships with the program, where no parameter names one; null where none does.</param>
internal sealed record PurifierWeights(int? PathAt, string? Shipped);

/// <summary>A purifier under the name that users, ledgers and reports know.</summary>
public sealed record RegisteredPurifier
{
    internal RegisteredPurifier(string name, string usage, string purpose, Func<PurifierArguments, Func<PurifierFiles, Purifier>> read) =>
        (Name, Usage, Purpose, Read) = (name, usage, purpose, read);

    /// <summary>The name, as <c>median</c>.</summary>
    public string Name { get; }

    /// <summary>The name with its parameters, as <c>median[:SIZE]</c>.</summary>
    public string Usage { get; }

    /// <summary>What it does, in a few words; in brackets, what its parameters are where they are left out.</summary>
    public string Purpose { get; }

    /// <summary>Reads the parameters; what comes back opens it.</summary>
    internal Func<PurifierArguments, Func<PurifierFiles, Purifier>> Read { get; }

    /// <summary>What file it reads; null where it reads none.</summary>
    internal PurifierWeights? Weights { get; init; }
}

/// <summary>Names become purifiers here, and nowhere else. A new purifier is one file and one entry below.</summary>
public static class PurifierRegistry
{
    /// <summary>What stands between the purifiers of a chain.</summary>
    public const char ChainMark = '+';

    internal const char ParameterMark = ':';

    /// <summary>Every purifier, in the order of reports.</summary>
    public static IReadOnlyList<RegisteredPurifier> All { get; } =
    [
        Filter("mean", "mean[:SIZE[:mirror|inside]]", "the mean of SIZE×SIZE pixels (3)",
            a => new MeanFilter(a.Whole("size", 2, 31, 3), a.Choice<MeanBorder>("border"))),
        Filter("median", "median[:SIZE]", "the median of SIZE×SIZE pixels (3)", a => new MedianFilter(a.Odd("size", 3, 15, 3))),
        Filter("gaussian", "gaussian[:SIGMA]", "a Gaussian of SIGMA pixels (1)", a => new GaussianFilter(a.Number("sigma", 0.1, 20, 1))),
        Filter("bilateral", "bilateral[:SPACE[:RANGE]]", "the mean of pixels near (1.5 pixels) and of like colour (30 levels)",
            a => new BilateralFilter(a.Number("space", 0.5, 10, 1.5), a.Number("range", 1, 450, 30))),
        Filter("nlm", "nlm[:H]", "non-local means: the mean of pixels whose surroundings look alike, H levels (10)",
            a => new NonLocalMeans(a.Number("h", 1, 255, 10))),
        Filter("tv", "tv[:WEIGHT]", "least total variation (Rudin, Osher, Fatemi), WEIGHT levels (10)",
            a => new TotalVariation(a.Number("weight", 0.1, 100, 10))),
        Filter("wavelet", "wavelet[:STRENGTH]", "shrinks wavelet details by what noise adds (BayesShrink), STRENGTH times (1)",
            a => new WaveletShrinkage(a.Number("strength", 0.01, 100, 1))),
        Filter("gmrf", "gmrf[:SIGMA[:DEVIATION]]",
            "a Wiener filter: the most probable image under noise of SIGMA levels (10) and differences of neighbours of DEVIATION (10)",
            a => new MarkovField(a.Number("sigma", 0.1, 255, 10), a.Number("deviation", 0.1, 1000, 10))),
        new("epll", "epll[:SIGMA[:FILE]]", "restoration under the patch prior of FILE (the shipped one), noise of SIGMA levels (10)", a =>
        {
            var (sigma, file) = (a.Number("sigma", 0.1, 255, EpllPurifier.UsualSigma), a.Rest());
            return files => new EpllPurifier(PatchPrior.Read(file ?? files.Shipped(PatchPrior.ShippedFile, "epll")), sigma, file);
        })
        {
            Weights = new(1, PatchPrior.ShippedFile),
        },
        new("dncnn", "dncnn", "a residual denoiser, learned from synthetic faces with Gaussian noise",
            _ => files => OnnxPurifier.Open(files.Shipped("dncnn.onnx", "dncnn"), "dncnn", files.Threads))
        {
            Weights = new(null, "dncnn.onnx"),
        },
        Filter("bits", "bits[:BITS]", "fewer bits a value (4)", a => new BitDepth(a.Whole("bits", 1, 8, 4))),
        Filter("jpeg", "jpeg[:QUALITY]", "JPEG compression of this QUALITY (75)", a => new JpegCompression(a.Whole("quality", 1, 100, 75))),
        Filter("resize-pad", "resize-pad[:SMALLEST]", "a random smaller size, down to SMALLEST of the sides (0.85), at a random place",
            a => new ResizeAndPad(a.Number("smallest", 0.1, 1, 0.85))),
        Filter("noise", "noise[:SIGMA]", "random Gaussian noise of SIGMA levels (8)", a => new AddedNoise(a.Number("sigma", 0.1, 255, 8))),
        new("onnx", "onnx:FILE", "any ONNX network from images to images of their size", a =>
        {
            var path = a.Rest() ?? throw a.Bad("the file is missing");
            return files => OnnxPurifier.Open(path, $"onnx:{DefensePath.Write(path)}", files.Threads);
        })
        {
            Weights = new(0, null),
        },
    ];

    /// <summary>Checks a defense's spelling and parameters without opening anything.</summary>
    /// <param name="defense">One purifier, or several with <c>+</c> between them.</param>
    /// <exception cref="InputException">An unknown name, or parameters that are not possible.</exception>
    public static void Check(string defense) => _ = Read(defense);

    /// <summary>Opens a defense.</summary>
    /// <param name="defense">One purifier, or several with <c>+</c> between them.</param>
    /// <param name="files">Where weights are; null for the program's own.</param>
    /// <returns>The purifier; the caller's to dispose.</returns>
    /// <exception cref="InputException">An unknown name, parameters that are not possible, or weights that cannot be read.</exception>
    public static Purifier Open(string defense, PurifierFiles? files = null)
    {
        var parts = Read(defense);
        var opened = new List<Purifier>();
        try
        {
            foreach (var open in parts) opened.Add(open(files ?? PurifierFiles.Default));
            return opened.Count == 1 ? opened[0] : new PurifierChain(opened);
        }
        catch
        {
            foreach (var purifier in opened) purifier.Dispose();
            throw;
        }
    }

    /// <summary>A defense that means the same wherever the program runs: paths in it become full ones.</summary>
    /// <param name="defense">One purifier, or several with <c>+</c> between them.</param>
    /// <param name="folder">The folder that paths are relative to.</param>
    public static string Anywhere(string defense, string folder)
    {
        ArgumentNullException.ThrowIfNull(defense);
        ArgumentNullException.ThrowIfNull(folder);
        return string.Join(ChainMark, defense.Split(ChainMark).Select(part => PathIn(part) is not { } found ? part
            : $"{found.Before}{DefensePath.Write(Path.GetFullPath(found.Path, Path.GetFullPath(folder)))}"));
    }

    /// <summary>The files that a defense reads: what it does depends on them, not on its name alone.</summary>
    /// <param name="defense">One purifier, or several with <c>+</c> between them.</param>
    /// <param name="files">Where weights are; null for the program's own.</param>
    /// <returns>Their paths, in the defense's order; none for filters.</returns>
    /// <exception cref="InputException">An unknown name, parameters that are not possible, or weights that did not ship.</exception>
    public static IReadOnlyList<string> Files(string defense, PurifierFiles? files = null)
    {
        Check(defense);
        return [.. defense.Split(ChainMark).Select(part => PathIn(part)?.Path ?? Shipped(part)).OfType<string>()];

        string? Shipped(string part) =>
            Find(part)?.Weights?.Shipped is { } file ? (files ?? PurifierFiles.Default).Shipped(file, part.Trim()) : null;
    }

    private static RegisteredPurifier? Find(string part) => All.FirstOrDefault(p => p.Name == part.Trim().Split(ParameterMark)[0]);

    /// <summary>The path that a purifier is given, and what stands before it; null where there is none.</summary>
    private static (string Before, string Path)? PathIn(string part)
    {
        var parameters = part.Trim().Split(ParameterMark);
        if (Find(part)?.Weights?.PathAt + 1 is not { } at || at >= parameters.Length || parameters[at].Length == 0) return null;
        return (string.Concat(parameters.Take(at).Select(p => p + ParameterMark)), DefensePath.Read(parameters.Skip(at)));
    }

    private static List<Func<PurifierFiles, Purifier>> Read(string defense)
    {
        ArgumentNullException.ThrowIfNull(defense);
        return [.. defense.Split(ChainMark).Select(part => ReadOne(part.Trim(), defense))];
    }

    private static Func<PurifierFiles, Purifier> ReadOne(string text, string defense)
    {
        var parts = text.Split(ParameterMark);
        if (Find(text) is not { } found)
        {
            var names = All.Select(p => p.Name).ToList();
            throw new InputException($"no defense '{InputFile.OneLine(parts[0].Length > 0 ? parts[0] : defense)}'"
                + $"{NearestName.Question(parts[0], names)}; known are {string.Join(", ", names)}");
        }
        var arguments = new PurifierArguments(text, found.Usage, parts[1..]);
        var open = found.Read(arguments);
        arguments.End();
        return open;
    }

    /// <summary>A purifier that needs no file.</summary>
    private static RegisteredPurifier Filter(string name, string usage, string purpose, Func<PurifierArguments, Purifier> read) =>
        new(name, usage, purpose, arguments =>
        {
            var purifier = read(arguments);
            return _ => purifier;
        });
}
