using System.Runtime.CompilerServices;
using System.Text.Json;
using CsCheck;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Experiments;

public class ExperimentFileTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char[' ', '~'], 1, 12],
        Gen.String[Gen.Char["-:#&*!|>'\"%@`,[]{}?\\ \t\n~éß漢"], 1, 6],
        Gen.OneOf("null", "~", "true", "yes", "1", "1.5", "0x10", "- a", "a: b", "# a", "a #b", "😀", " a ", "=", "<<", ".nan", "---"))
        .Where(t => !string.IsNullOrWhiteSpace(t));

    [Fact]
    public void Every_field_survives_yaml()
    {
        var experiments =
            from models in Texts.List[1, 3]
            from paths in Gen.Select(Texts, Texts, Texts.Null())
            from take in Gen.Int[1, 100].Nullable()
            from attacks in Gen.OneOf("minimal", "foolbox-v1/fgsm", "deepfool").List[1, 2]
            from storage in Gen.OneOf("float", "8bit").List[1, 2]
            from numbers in Gen.Select(Gen.Long, Gen.Int[1, 1024], Gen.Int[0, 1024])
            from threshold in Gen.Double[1e-9, 3.9].Nullable()
            from keep in Gen.OneOf(Enum.GetValues<KeepImages>())
            from aligned in Gen.Bool
            from data in Gen.OneOf("lfw", "lfw-dev-test").Null()
            from sample in Gen.Int[1, 9999].Nullable()
            from sampleSeed in Gen.Long[0, uint.MaxValue]
            from study in Gen.Bool
            select new Experiment
            {
                Models = models,
                Data = data,
                Images = paths.Item1,
                Pairs = paths.Item2,
                Landmarks = aligned ? null : paths.Item3,
                Aligned = aligned,
                Sample = sample,
                SampleSeed = sample is null ? 0 : sampleSeed,
                Take = take,
                Preprocessing = study ? "study-2019" : "none",
                Attacks = attacks,
                Storage = storage,
                Seed = numbers.Item1,
                Batch = numbers.Item2,
                Threads = numbers.Item3,
                Threshold = threshold,
                KeepImages = keep,
                TransferTo = keep == KeepImages.Examples ? Array.Empty<string>() : models,
                CompareWith = study ? "study-2019" : null,
            };
        experiments.Sample(experiment =>
        {
            var back = ExperimentFile.Parse(ExperimentFile.Write(experiment), "spec").ToExperiment("spec");
            foreach (var property in typeof(Experiment).GetProperties())
                property.GetValue(back).ShouldBeEquivalentTo(property.GetValue(experiment), property.Name);
        });
    }

    [Fact]
    public void Absent_fields_are_the_defaults()
    {
        var experiment = ExperimentFile.Parse("models: [m]\nimages: i\npairs: p", "spec").ToExperiment("spec");
        experiment.Attacks.ShouldBe(["foolbox-v1", "minimal"]);
        experiment.Storage.ShouldBe(["float"]);
        (experiment.Seed, experiment.Batch, experiment.Threads, experiment.Take, experiment.Threshold).ShouldBe((0, 32, 0, null, null));
        (experiment.KeepImages, experiment.Aligned, experiment.Landmarks).ShouldBe((KeepImages.Successes, false, null));
        (experiment.Data, experiment.Sample, experiment.SampleSeed, experiment.CompareWith).ShouldBe((null, null, 0, null));
        experiment.Preprocessing.ShouldBe("none");
    }

    [Fact]
    public void Paths_are_relative_to_the_file()
    {
        using var folder = new TemporaryFolder();
        var spec = folder.Write("a/spec.yaml", "models: [m.json, ../n.json]\nimages: i\npairs: /p.csv\nlandmarks: l.csv\n");
        var file = ExperimentFile.Read(spec);
        file.Models.ShouldBe([folder["a/m.json"], folder["n.json"]]);
        (file.Images, file.Pairs, file.Landmarks).ShouldBe((folder["a/i"], Path.GetFullPath("/p.csv"), folder["a/l.csv"]));
    }

    [Theory]
    [InlineData("modelz: [a]", 1, "unknown field 'modelz'; known are models,")]
    [InlineData("seed: 1\nkeepimages: all", 2, "unknown field 'keepimages'")]
    [InlineData("seed: 1\nbatch: 2\nseed: 3", 3, "'seed' is there twice")]
    [InlineData("images: a\ntake: x", 2, "'take' must be a whole number")]
    [InlineData("take: 1.5", 1, "'take' must be a whole number")]
    [InlineData("take: ''", 1, "'take' must be a whole number")]
    [InlineData("take: [1]", 1, "'take' must be a whole number")]
    [InlineData("batch: 99999999999", 1, "'batch' must be a whole number")]
    [InlineData("seed: 99999999999999999999", 1, "'seed' must be a whole number")]
    [InlineData("threads: 0x10", 1, "'threads' must be a whole number")]
    [InlineData("threshold: 1,4", 1, "'threshold' must be a number")]
    [InlineData("threshold: .nan", 1, "'threshold' must be a number")]
    [InlineData("threshold: .inf", 1, "'threshold' must be a number")]
    [InlineData("aligned: maybe", 1, "'aligned' must be true or false")]
    [InlineData("keepImages: 7", 1, "'keepImages' must be one of all, successes, examples")]
    [InlineData("keepImages: \"all,successes\"", 1, "'keepImages' must be one of")]
    [InlineData("models: a", 1, "'models' must be a list")]
    [InlineData("\n\nmodels: [~]", 3, "'models' must be a list")]
    [InlineData("models: [[a]]", 1, "'models' must be a list")]
    [InlineData("models: &m [a, *m]", 1, "'models' must be a list")]
    [InlineData("images: [a]", 1, "'images' must be a text")]
    [InlineData("images: {a: b}", 1, "'images' must be a text")]
    [InlineData("- a", 1, "not an experiment")]
    [InlineData("just text", 1, "not an experiment")]
    [InlineData("? [a]\n: b", 1, "a field's name is expected")]
    [InlineData("seed: 1\n---\nseed: 2", 2, "a second document")]
    [InlineData("models: [a", 2, "not YAML")]
    [InlineData("seed: 1\na: b: c", 2, "not YAML")]
    [InlineData("models: [*x]", 1, "")]
    public void A_mistake_is_named_with_its_line(string yaml, int line, string problem)
    {
        var message = Should.Throw<InputException>(() => ExperimentFile.Parse(yaml, "my.yaml")).Message;
        message.ShouldStartWith($"my.yaml line {line}: ");
        message.ShouldContain(problem);
        message.ShouldNotContain("\n");
        message.ShouldNotContain("System.");
    }

    [Fact]
    public void Deep_nesting_costs_no_stack() =>
        Should.Throw<InputException>(() => ExperimentFile.Parse("models: " + new string('[', 200_000), "my.yaml"));

    [Fact]
    public void Any_text_is_a_spec_or_one_line()
    {
        var words = Gen.OneOf(
            "models", "take", ":", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "1", "'", "\"",
            "&a ", "*a", "!", "|", ">", "#", "%", "\t", "?", ",");
        words.Array[0, 30].Sample(parts =>
        {
            try
            {
                ExperimentFile.Parse(string.Concat(parts), "my.yaml");
            }
            catch (InputException e)
            {
                // Of some soup the parser itself cannot say where it gave up.
                e.Message.ShouldMatch(@"\Amy\.yaml( line \d+|: not YAML): ");
                e.Message.ShouldNotContain("\n");
            }
        });
    }

    [Theory]
    [InlineData("images: i\npairs: p", "models")]
    [InlineData("models: []\nimages: i\npairs: p", "models")]
    [InlineData("models: [m]\npairs: p", "images")]
    [InlineData("models: [m]\nimages: i", "pairs")]
    [InlineData("models: [m]\nimages: ''\npairs: p", "images")]
    [InlineData("models: ['']\nimages: i\npairs: p", "models")]
    [InlineData("models: [m]\nimages: i\npairs: \"a\\0b\"", "pairs")]
    [InlineData("models: [m]\nimages: i\npairs: p\nlandmarks: ' '", "landmarks")]
    [InlineData("models: [m]\nimages: i\npairs: p\nlandmarks: l\naligned: true", "aligned")]
    [InlineData("models: [m]\nimages: i\npairs: p\ntake: 0", "take")]
    [InlineData("models: [m]\nimages: i\npairs: p\nsample: 0", "sample 0")]
    [InlineData("models: [m]\nimages: i\npairs: p\nsample: 1\nsampleSeed: -1", "sampleSeed -1")]
    [InlineData("models: [m]\nimages: i\npairs: p\nsample: 1\nsampleSeed: 4294967296", "sampleSeed 4294967296")]
    [InlineData("models: [m]\nimages: i\npairs: p\nsampleSeed: 1", "without a sample")]
    [InlineData("models: [m]\nimages: i\npairs: p\ndata: lwf", "'lwf' is no known data set (known are lfw, ")]
    [InlineData("models: [m]\nimages: i\npairs: p\npreprocessing: whiten", "no preprocessing 'whiten'; known are none, study-2019")]
    [InlineData("models: [m]\nimages: i\npairs: p\ntransferTo: [rekognition]", "rekognition in transferTo is a service")]
    [InlineData("models: [m]\nimages: i\npairs: p\ntransferTo: [o]\nkeepImages: examples", "transferTo needs the images of all successes")]
    [InlineData("models: [m]\nimages: i\npairs: p\ncompareWith: me", "no published results 'me' to compare with; known are study-2019")]
    [InlineData("models: [m]\nimages: i\npairs: p\nbatch: 0", "batch")]
    [InlineData("models: [m]\nimages: i\npairs: p\nthreads: -1", "threads")]
    [InlineData("models: [m]\nimages: i\npairs: p\nthreshold: 4", "threshold")]
    [InlineData("models: [m]\nimages: i\npairs: p\nstorage: [png]", "png")]
    [InlineData("models: [m]\nimages: i\npairs: p\nstorage: []", "storage")]
    [InlineData("models: [m]\nimages: i\npairs: p\nattacks: [fgms]", "fgms")]
    [InlineData("models: [m]\nimages: i\npairs: p\nattacks: []", "attacks")]
    public void An_impossible_experiment_is_refused(string yaml, string named)
    {
        using var folder = new TemporaryFolder();
        var spec = folder.Write("spec.yaml", yaml);
        var message = Should.Throw<InputException>(() => ExperimentFile.Read(spec).ToExperiment(spec)).Message;
        message.ShouldStartWith(spec);
        message.ShouldContain(named);
        message.ShouldNotContain("\n");
    }

    [Fact]
    public void A_missing_spec_is_named()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { folder["no.yaml"], folder.Root })
            Should.Throw<InputException>(() => ExperimentFile.Read(path)).Message.ShouldStartWith(path);
    }

    /// <summary>The schema for editors lists what the reader knows, no more and no less.</summary>
    [Fact]
    public void The_schema_is_in_step()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "experiment.schema.json")));
        var properties = schema.RootElement.GetProperty("properties");
        properties.EnumerateObject().Select(p => p.Name).ShouldBe(ExperimentFileReader.Names, ignoreOrder: true);
        ExperimentFileReader.Names.ShouldBe(
            typeof(ExperimentFile).GetProperties().Select(p => char.ToLowerInvariant(p.Name[0]) + p.Name[1..]), ignoreOrder: true);
        ExperimentFileReader.Names.ShouldBe(
            typeof(Experiment).GetProperties().Select(p => char.ToLowerInvariant(p.Name[0]) + p.Name[1..]), ignoreOrder: true);
        schema.RootElement.GetProperty("additionalProperties").GetBoolean().ShouldBeFalse();
        var attacks = AttackRegistry.All.SelectMany(a => new[] { a.Family, a.Name, a.FullName }).Distinct();
        Choices(properties.GetProperty("attacks").GetProperty("items")).ShouldBe(attacks, ignoreOrder: true);
        Choices(properties.GetProperty("storage").GetProperty("items")).ShouldBe([StorageNames.Float, StorageNames.EightBit]);
        Choices(properties.GetProperty("data")).ShouldBe(NamedData.Names);
        Choices(properties.GetProperty("preprocessing")).ShouldBe(Preprocessings.Names);
        Choices(properties.GetProperty("compareWith")).ShouldBe(PublishedStudies.All.Select(s => s.Name));
        Choices(properties.GetProperty("keepImages")).ShouldBe(Enum.GetNames<KeepImages>().Select(n => n.ToLowerInvariant()));

        static IEnumerable<string> Choices(JsonElement element) => element.GetProperty("enum").EnumerateArray().Select(e => e.GetString()!);
    }

    private static string RepositoryRoot([CallerFilePath] string here = "")
    {
        for (var folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "Masquerade.slnx"))) return folder;
        throw new InvalidOperationException($"no Masquerade.slnx above {here}");
    }
}
