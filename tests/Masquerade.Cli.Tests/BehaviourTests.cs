namespace Masquerade.Cli.Tests;

/// <summary>
/// What the commands compute is held against files of numbers: for changes that are to change nothing. <see cref="Golden"/> says how the
/// files are made and compared.
/// </summary>
public sealed class BehaviourTests(BehaviourFolder folder) : IClassFixture<BehaviourFolder>
{
    private static readonly string[] OneThread = ["--threads", "1"];

    private string[] Few =>
        ["--images", folder["faces/images"], "--pairs", folder["few.csv"], "--landmarks", folder["faces/landmarks.csv"], .. OneThread];

    /// <summary>A published network, and photographs of people; the second pair is judged wrong before it is attacked.</summary>
    [Fact]
    public async Task A_run_on_a_published_network()
    {
        var pairs = folder.Write("lfw.csv", """
            probe,reference,same_person
            Jose_Maria_Aznar_0006.jpg,Jose_Maria_Aznar_0020.jpg,1
            Paula_Radcliffe_0002.jpg,Paula_Radcliffe_0004.jpg,1
            Georgia_Giddings_0001.jpg,Mahima_Chaudhari_0001.jpg,0
            """);
        await folder.PrintedAsync(
        [
            "run", "--model", Shared.Path("models", "mobilefacenet.model.json"), "--pairs", pairs,
            "--images", Shared.Path("data", "lfw", "images"), "--landmarks", Shared.Path("data", "lfw", "landmarks.csv"),
            "--attacks", "foolbox-v1/fgsm,foolbox-v1/deepfool,minimal/fgsm,minimal/deepfool,quick/fmn,strong/pgd-linf",
            "--storage", "float,8bit", "--out", folder["lfw"], .. OneThread,
        ]);
        Golden.Match("lfw", folder.Exports(folder["lfw"]));
    }

    [Fact]
    public async Task Every_attack_on_a_tiny_network()
    {
        var pairs = folder.Write("tiny.csv", "probe,reference,same_person\nAda_0001.png,Ada_0002.png,1\nDee_0001.png,Eve_0002.png,0\n");
        var run = await folder.RunAsync("attacks",
        [
            "run", "--model", folder.TinyModel, "--images", folder["images"], "--pairs", pairs, "--aligned", "--storage", "float,8bit",
            "--attacks", "foolbox-v1,minimal,strong,quick,joint,thorough", .. OneThread,
        ]);
        Golden.Match("attacks", ("results.csv", folder.Read(Path.Combine(run, "results.csv"))));
    }

    [Fact]
    public async Task A_run_behind_defenses() => Golden.Match("defenses", folder.Exports(await DefendedAsync()));

    /// <summary>What is written again from the ledger is what the run wrote.</summary>
    [Fact]
    public async Task A_report_written_anew()
    {
        await folder.PrintedAsync("report", await DefendedAsync(), "--out", folder["again"]);
        Golden.Match("defenses", folder.Exports(folder["again"]));
    }

    [Fact]
    public async Task A_run_behind_detectors()
    {
        var run = await folder.RunAsync("detectors",
        [
            "run", "--model", "mini", .. Few, "--attacks", "minimal/deepfool", "--storage", "8bit", "--clean-pairs", "2",
            "--detectors", "cnn,squeeze", "--stack", "median:3,cnn", "--knowledge", "zero,perfect",
        ]);
        Golden.Match("detectors", folder.Exports(run));
    }

    [Fact]
    public async Task Images_carried_over_to_another_verifier()
    {
        var run = await folder.RunAsync("transfer",
            ["run", "--model", "mini", .. Few, "--attacks", "minimal/fgsm,minimal/deepfool", "--storage", "float,8bit"]);
        await folder.PrintedAsync(["transfer", run, "--to", "mini-robust", .. OneThread]);
        await folder.PrintedAsync(["transfer", run, "--to", "mini-robust", "--paste", .. OneThread]);
        Golden.Match("transfer", folder.Exports(run));
    }

    [Fact]
    public async Task An_evaluation()
    {
        string[] data = ["--images", folder["faces/images"], "--landmarks", folder["faces/landmarks.csv"], "--json", .. OneThread];
        var folds = await folder.PrintedAsync(["evaluate", "--model", "mini", "--pairs", folder["faces/pairs.txt"], .. data]);
        var list = await folder.PrintedAsync(["evaluate", "--model", "mini-robust", "--pairs", folder["few.csv"], .. data]);
        Golden.Match("evaluate", ("folds.json", folds), ("list.json", list));
    }

    [Fact]
    public async Task Aligned_crops()
    {
        var landmarks = await folder.AlignedAsync();
        MadeUpMtcnn.Write(folder["weights"], everywhere: true);
        var found = await folder.PrintedAsync("align", folder["faces/images/Person_0001"], folder["found"], "--as", "facenet-160x160",
            "--detector", folder["weights"], "--all-faces", "--min-face", "200", "--json", "--threads", "1");
        Golden.Match("align", ("printed.json", landmarks), ("faces.csv", folder.Read(folder["aligned/faces.csv"])),
            ("pictures.csv", GoldenText.Pictures(folder["aligned"])), ("found.json", found),
            ("found.csv", folder.Read(folder["found/faces.csv"])), ("found-pictures.csv", GoldenText.Pictures(folder["found"])));
    }

    [Fact]
    public async Task Purified_pictures()
    {
        string[] defenses =
        [
            "mean:3+gaussian:1", "bilateral+nlm", "tv", "wavelet", "gmrf", "epll", "dncnn", "bits:4+jpeg:60", "resize-pad+noise:8",
        ];
        await folder.AlignedAsync();
        Directory.CreateDirectory(folder["purified"]);
        var printed = "";
        foreach (var defense in defenses)
        {
            var file = folder[$"purified/{defense.Replace(':', '-')}.png"];
            printed += await folder.PrintedAsync("purify", Crop(1, 1), file, "--defense", defense, "--seed", "3", "--threads", "1");
        }
        printed += await folder.PrintedAsync(
            "purify", folder["faces/images/Person_0002"], folder["purified/folder"], "--defense", "median:3+jpeg:75", "--threads", "1");
        Golden.Match("purify", ("printed.txt", printed), ("pictures.csv", GoldenText.Pictures(folder["purified"])));
    }

    [Fact]
    public async Task Answers_of_detectors()
    {
        await folder.AlignedAsync();
        var answers = new List<(string, string)>();
        foreach (var detector in new[] { "cnn", "residual", "safetynet", "mahalanobis", "squeeze" })
        {
            answers.Add(($"{detector}.json", await folder.PrintedAsync("detect", Crop(1, 1), Crop(3, 2), "--detector", detector,
                "--model", "mini", "--aligned", "--json", "--threads", "1")));
        }
        Golden.Match("detect", answers);
    }

    [Fact]
    public async Task Answers_of_verifiers()
    {
        var answers = new List<(string, string)>();
        foreach (var (model, person) in new[] { ("mini", 1), ("mini-robust", 2) })
        {
            answers.Add(($"{model}-{person}.json", await folder.PrintedAsync("verify", folder.Painted(1, 1), folder.Painted(person, 3),
                "--model", model, "--landmarks", folder["faces/landmarks.csv"], "--json", "--threads", "1")));
        }
        Golden.Match("verify", answers);
    }

    private Task<string> DefendedAsync() => folder.RunAsync("defenses",
    [
        "run", "--model", "mini", .. Few, "--attacks", "minimal/deepfool,strong/fmn", "--storage", "float,8bit", "--clean-pairs", "2",
        "--defenses", "median:3+jpeg:75,noise:8", "--knowledge", "zero,perfect",
    ]);

    private string Crop(int person, int number) => folder[$"aligned/Person_{person:D4}/Person_{person:D4}_{number:D4}.png"];
}
