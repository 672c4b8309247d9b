using System.CommandLine;

namespace Masquerade.Cli.Commands.Training;

/// <summary>The options that say where a training is written, or which one goes on.</summary>
internal sealed class TrainingFolderOptions
{
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "Folder to write; must not hold a training yet.",
        HelpName = "FOLDER",
    };

    private readonly Option<string?> _name = new("--name") { HelpName = "NAME" };

    /// <param name="what">What is trained, as <c>network</c>.</param>
    public TrainingFolderOptions(string what) => _name.Description = $"The {what}'s name; the folder's own if left out.";

    /// <summary>The folder of a training that goes on.</summary>
    public Option<string?> Resume { get; } = new("--resume")
    {
        Description = "Go on with the training in this folder, as its own settings say.",
        HelpName = "FOLDER",
    };

    /// <summary>Adds them and a training's settings to a command: one that goes on has settings of its own.</summary>
    public void AddTo(Command command, params Option[] settings)
    {
        settings = [_name, .. settings];
        command.Add(_out);
        command.Add(Resume);
        foreach (var option in settings) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Resume) is null)
            {
                if (result.GetResult(_out) is null) result.AddError("--out FOLDER is needed (or --resume FOLDER)");
            }
            else if (settings.Append(_out).Any(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError("--resume takes its settings from the training: give no others beside it");
            }
        });
    }

    /// <summary>The folder of a training that begins, and the name of what it makes.</summary>
    public (string Folder, string Name) Read(ParseResult parsed)
    {
        var folder = parsed.GetRequiredValue(_out!)!;
        return (folder, parsed.GetValue(_name) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
    }
}
