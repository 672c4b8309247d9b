using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Training;

namespace Masquerade.Cli.Commands.Training;

/// <summary>The options that say what is trained on.</summary>
/// <param name="leastCaptures">Fewest photographs of a painted person.</param>
/// <param name="captures">Photographs of a painted person where nobody says otherwise.</param>
internal sealed class TrainingDataOptions(int leastCaptures, int captures)
{
    private const int MostPeople = 9999;

    private readonly Option<string?> _images = new("--images", "-i") { Description = "Folder of people, a folder each.", HelpName = "FOLDER" };
    private readonly Option<string?> _landmarks = CommonOptions.Landmarks();
    private readonly Option<bool> _aligned = CommonOptions.Aligned();
    private readonly Option<string?> _list = new("--people-list")
    {
        Description = "Take only the people of --images whom this file lists, a name a line.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _pairs = new("--pairs", "-p")
    {
        Description = "Pairs that will be evaluated: nobody in them may be trained on.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _overlap = new("--allow-overlap") { Description = "Train on people of --pairs all the same." };
    private readonly Option<int?> _people = new("--people")
    {
        Description = $"Without --images: how many people to paint, 4 to {MostPeople}.",
        HelpName = "N",
    };
    private readonly Option<int> _captures = new("--captures")
    {
        Description = "Photographs of each painted person.",
        HelpName = "N",
        DefaultValueFactory = _ => captures,
    };
    private readonly Option<ulong> _seed = new("--people-seed")
    {
        Description = "Another number, other painted people.",
        HelpName = "S",
        DefaultValueFactory = _ => 1,
    };

    public IReadOnlyList<Option> All => [_images, _landmarks, _aligned, _list, _pairs, _overlap, _people, _captures, _seed];

    /// <summary>Photographs or painted people, and nothing that would be ignored.</summary>
    /// <param name="command">The command that has the options.</param>
    /// <param name="resume">An option beside which none of these is needed; null for none.</param>
    public void CheckIn(Command command, Option<string?>? resume = null)
    {
        command.RequireOneOf(_landmarks, _aligned);
        command.Validators.Add(result =>
        {
            if (resume is not null && result.GetResult(resume) is not null) return;
            var painted = result.GetResult(_images) is null;
            if (painted == result.GetResult(_people) is null)
                result.AddError("give --images FOLDER or --people N: photographs to train on, or how many people to paint");
            foreach (var option in painted ? (Option[])[_landmarks, _aligned, _list, _pairs, _overlap] : [_captures, _seed])
            {
                if (result.GetResult(option) is { Implicit: false })
                    result.AddError($"{option.Name} is for {(painted ? "--images" : "--people")}: leave it out, or give that");
            }
        });
    }

    /// <summary>What the user said.</summary>
    /// <exception cref="InputException">People who cannot be painted.</exception>
    public TrainingData Read(ParseResult parsed)
    {
        if (parsed.GetValue(_images) is { } images)
        {
            return new TrainingData
            {
                Images = Path.GetFullPath(images),
                Landmarks = Full(parsed.GetValue(_landmarks)),
                Aligned = parsed.GetValue(_aligned),
                PeopleList = Full(parsed.GetValue(_list)),
                Pairs = Full(parsed.GetValue(_pairs)),
                AllowOverlap = parsed.GetValue(_overlap),
            };
        }
        var data = new TrainingData { People = parsed.GetValue(_people) ?? 0, Captures = parsed.GetValue(_captures), Seed = parsed.GetValue(_seed) };
        if (data.People is not (>= 4 and <= MostPeople))
            throw new InputException($"{data.People} people are not possible; paint 4 to {MostPeople}");
        if (data.Captures < leastCaptures || data.Captures > MostPeople)
            throw new InputException($"{data.Captures} photographs of a person are not possible; paint {leastCaptures} to {MostPeople}");
        return data.Seed != UnseenPeople.Seed ? data
            : throw new InputException($"--people-seed {UnseenPeople.Seed} paints the people whom models are tried on; take another");
    }

    /// <summary>Loads the crops and says how many there are.</summary>
    /// <param name="host">Where it is said.</param>
    /// <param name="data">What to load.</param>
    /// <param name="least">Fewest photographs of a person.</param>
    /// <param name="threads">How many read or paint at once.</param>
    /// <param name="strict">Ends at the first photograph that cannot be used.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static async Task<TrainingFaces> LoadAsync(
        CommandHost host, TrainingData data, int least, int threads, bool strict, CancellationToken cancellation)
    {
        var faces = await ProgressReporter.RunAsync(host, data.Images is null ? "painting photographs" : "reading photographs",
            progress => data.Load(least, threads, strict, (done, total) => progress.Report(done, total), cancellation));
        host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{faces.Count:N0} photographs of {faces.Names.Count:N0} people"));
        if (faces.TooFew > 0)
            host.Error.WriteLine($"left out: {faces.TooFew} people with {(least == 1 ? "no usable photograph" : "fewer than two usable photographs")}");
        if (faces.Unusable.Count == 0) return faces;
        host.Error.WriteLine($"skipped: {faces.Unusable.Count} photographs that cannot be used");
        foreach (var photograph in faces.Unusable) host.Error.WriteLine($"  {photograph.Reason}");
        return faces;
    }

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
