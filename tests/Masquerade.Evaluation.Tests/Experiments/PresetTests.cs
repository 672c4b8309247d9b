using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Experiments.Presets;

namespace Masquerade.Evaluation.Tests.Experiments;

public sealed class PresetTests
{
    public static TheoryData<string> Names => [.. Preset.All.Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_preset_can_be_run_as_far_as_its_files_are_there(string name)
    {
        var preset = Preset.Find(name);
        preset.Description.ShouldNotBeEmpty();
        preset.Text.Split('\n').ShouldAllBe(line => line.Length <= 140);
        var file = preset.Read();
        if (SyntheticExperiment.IsMeantBy(file)) SyntheticExperiment.Complete(file, "faces");
        else NamedData.Names.ShouldContain(file.Data);
        file.Models ??= ["mine"];
        (file.Images, file.Pairs) = (file.Images ?? "images", file.Pairs ?? "pairs");
        // Every name in it is known; nothing is impossible.
        file.ToExperiment(name);
        var catalog = AssetCatalog.BuiltIn;
        file.Models.ShouldAllBe(m => m == "mine" || m.StartsWith("mini", StringComparison.Ordinal) || catalog.ModelNames.Contains(m));
        preset.Read().ShouldNotBeSameAs(preset.Read());
    }

    [Fact]
    public void The_quickstart_is_what_synthetic_people_are_attacked_with_where_nothing_says()
    {
        var (empty, preset) = (new ExperimentFile(), Preset.Quickstart.Read());
        SyntheticExperiment.Complete(empty, "faces");
        empty.Take.ShouldBe(preset.Take);
        empty.Attacks.ShouldBe(preset.Attacks);
        Preset.Quickstart.Name.ShouldBe("quickstart");
        Preset.All[0].ShouldBe(Preset.Quickstart);
    }

    [Fact]
    public void The_study_is_protocol_by_protocol_its_own()
    {
        var study = Preset.Find("study-2019").Read();
        (study.Sample, study.SampleSeed, study.Take).ShouldBe((100, 0, 50));
        (study.Preprocessing, study.CompareWith).ShouldBe(("study-2019", "study-2019"));
        (study.Data, study.Threshold).ShouldBe(("lfw", null));
        study.Attacks.ShouldBe(["foolbox-v1"]);
        study.Storage.ShouldBe(["float"]);
        // The threshold is the model's: 0.99.
        var descriptor = AssetCatalog.BuiltIn.All.SelectMany(a => a.Models).Single(m => m.Name == study.Models!.Single()).Descriptor;
        using var folder = new TemporaryFolder();
        var model = Masquerade.Models.ModelDescriptor.Read(folder.Write("m.model.json", descriptor));
        (model.Threshold, model.Mean.Single(), model.Std.Single()).ShouldBe((0.99, 0, 255));
    }

    [Fact]
    public void An_unknown_preset_is_told_its_nearest()
    {
        Should.Throw<InputException>(() => Preset.Find("study2019")).Message
            .ShouldBe("no preset 'study2019' (known are quickstart, study-2019, lfw-mobilefacenet); did you mean study-2019?");
        Should.Throw<InputException>(() => Preset.Find("")).Message
            .ShouldBe("no preset '' (known are quickstart, study-2019, lfw-mobilefacenet)");
    }
}
