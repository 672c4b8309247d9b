using Masquerade.Evaluation.Datasets.Synthetic;

namespace Masquerade.Cli.Tests;

/// <summary>
/// A folder that the tests of behaviour share: painted people, and runs that several look at.
/// </summary>
public sealed class BehaviourFolder : IDisposable
{
    private readonly MasqRun _masq = new();
    private readonly Dictionary<string, Task> _runs = [];
    private Task<string>? _aligned;

    public BehaviourFolder()
    {
        new SyntheticFolder(4, 3, 5).Write(this["faces"], threads: 2, cancellation: TestContext.Current.CancellationToken);
        _masq.Write("few.csv", """
            probe,reference,same_person
            Person_0001_0001.jpg,Person_0001_0002.jpg,1
            Person_0002_0001.jpg,Person_0003_0001.jpg,0
            """);
    }

    /// <summary>A path in the folder.</summary>
    public string this[string name] => _masq[name];

    /// <summary>A tiny model's descriptor.</summary>
    public string TinyModel => _masq.Model;

    public void Dispose() => _masq.Dispose();

    /// <summary>A photograph of a painted person.</summary>
    public string Painted(int person, int number) => this[$"faces/images/Person_{person:D4}/Person_{person:D4}_{number:D4}.jpg"];

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text) => _masq.Write(name, text);

    /// <summary>Runs a command line, which must end well, and returns what it printed.</summary>
    public async Task<string> PrintedAsync(params string[] args) => Clean(await MasqProcess.RepeatableAsync(args));

    /// <summary>The folder of a run that several tests look at; it is done once.</summary>
    public async Task<string> RunAsync(string name, params string[] args)
    {
        if (!_runs.TryGetValue(name, out var run)) _runs[name] = run = PrintedAsync([.. args, "--out", this[name]]);
        await run;
        return this[name];
    }

    /// <summary>Cuts the painted faces out into the folder <c>aligned</c>, once; what that printed.</summary>
    public Task<string> AlignedAsync() => _aligned ??= PrintedAsync(
        "align", this["faces/images"], this["aligned"], "--as", "arcface-112x112", "--landmarks", this["faces/landmarks.csv"], "--json",
        "--threads", "1");

    /// <summary>The tables and numbers that a run's folder has.</summary>
    public (string Name, string Text)[] Exports(string folder) =>
        [.. new[] { "results.csv", "summary.json" }.Select(file => (file, Read(Path.Combine(folder, file))))];

    /// <summary>What a file has, without the paths of this machine.</summary>
    public string Read(string path) => Clean(File.ReadAllText(path));

    /// <summary>A text without the paths of this machine.</summary>
    public string Clean(string text)
    {
        text = text.Replace(this[""].TrimEnd('/', '\\'), "{folder}", StringComparison.Ordinal);
        return Environment.GetEnvironmentVariable("MASQ_SHARED") is { Length: > 0 } shared
            ? text.Replace(shared.TrimEnd('/'), "{shared}", StringComparison.Ordinal) : text;
    }
}
