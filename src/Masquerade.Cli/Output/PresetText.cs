using Masquerade.Evaluation.Experiments.Presets;

namespace Masquerade.Cli.Output;

/// <summary>The list of presets, for people.</summary>
internal static class PresetText
{
    public static void Print(CommandHost host)
    {
        var width = Preset.All.Max(p => p.Name.Length);
        foreach (var preset in Preset.All) host.Output.WriteLine($"{preset.Name.PadRight(width)}  {preset.Description}");
        host.Output.WriteLine();
        host.Output.WriteLine($"To change one: {host.Program} run --preset {Preset.All[1].Name} --print-spec > mine.yaml, "
            + $"then {host.Program} run --spec mine.yaml --out runs/mine");
    }
}
