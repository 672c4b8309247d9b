using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Reporting;

/// <summary>A run that never happened: made-up rows that are always the same, and drawn faces.</summary>
internal sealed class FakeRun : IRunResults
{
    private readonly Dictionary<string, int> _people = [];

    public int FaceSize { get; init; } = 24;

    public bool KeepsImages { get; init; } = true;

    public Experiment Experiment { get; init; } = new()
    {
        Models = ["models/tiny.model.json"],
        Images = "photographs",
        Pairs = "pairs.csv",
        Landmarks = "landmarks.csv",
        Take = 12,
        Seed = 7,
    };

    public IReadOnlyList<KeyValuePair<string, string>> Facts { get; init; } =
    [
        new("masquerade", "0.1.0"), new("seed", "7"),
        new("tiny: threshold", "1.42 on the squared distance, from the model's descriptor, fitted on the pairs attacked here"),
    ];

    public IReadOnlyList<AttackRow> Rows { get; init; } = [];

    public IReadOnlyList<DefenseFact> Defenses { get; init; } = [];

    public IReadOnlyList<CleanScore> CleanScores { get; init; } = [];

    public IReadOnlyList<GradientCheck> GradientChecks { get; init; } = [];

    public IReadOnlyList<TransferTarget> Targets { get; init; } = [];

    public IReadOnlyList<TransferRow> Transfers { get; init; } = [];

    public IReadOnlyList<CleanTransfer> CleanTransfers { get; init; } = [];

    public int RowsPlanned { get; init; }

    public FaceImage? Crop(string model, string pair, PairSide side) => KeepsImages ? Face(pair + side, FaceSize) : null;

    public float[]? Adversarial(AttackRow row)
    {
        if (!KeepsImages || !row.Success) return null;
        var clean = Face(row.Pair + PairSide.Probe, FaceSize);
        var values = new float[clean.Size.Values];
        ImageTensors.WritePlanar(clean, values);
        var scale = (float)(row.L2 ?? 0) / MathF.Sqrt(values.Length);
        for (var i = 0; i < values.Length; i++)
            values[i] = Math.Clamp(values[i] + scale * 1.4f * MathF.Sin(0.37f * i + 0.011f * i % 7 * i), 0, 1);
        return values;
    }

    /// <summary>Rows are blurred a little, as purifiers do.</summary>
    public float[]? Purified(AttackRow row)
    {
        if (row.Defense.Length == 0 || Adversarial(row) is not { } image) return null;
        return [.. image.Select((v, i) => i % FaceSize is > 0 and var x && x < FaceSize - 1 ? (image[i - 1] + v + image[i + 1]) / 3 : v)];
    }

    /// <summary>A run of all eight attacks.</summary>
    /// <param name="pairs">Pairs; even ones are of the same person.</param>
    /// <param name="models">Names of models.</param>
    /// <param name="storages">Storage rules; the exact family knows float only.</param>
    /// <param name="size">Side of the drawn faces.</param>
    public static FakeRun Whole(int pairs = 12, string[]? models = null, string[]? storages = null, int size = 24)
    {
        var rows = new List<AttackRow>();
        foreach (var model in models ?? ["tiny"])
        {
            foreach (var storage in storages ?? ["float"])
            {
                foreach (var family in (string[])["foolbox-v1", "minimal"])
                {
                    if (storage == "8bit" && family == "foolbox-v1") continue;
                    foreach (var attack in (string[])["fgsm", "deepfool", "uniform", "gaussian"])
                    {
                        for (var i = 0; i < pairs; i++) rows.Add(Row(model, storage, family, attack, i));
                    }
                }
            }
        }
        return new FakeRun { Rows = rows, RowsPlanned = rows.Count, FaceSize = size };
    }

    /// <summary>A run with defenses under the 8-bit rule, each attacked at both levels of knowledge; the last one draws.</summary>
    /// <param name="pairs">Pairs; even ones are of the same person.</param>
    /// <param name="defenses">Names of defenses; each takes a little more to fool than the one before it.</param>
    /// <param name="models">Names of models.</param>
    /// <param name="attacks">family/attack.</param>
    public static FakeRun Defended(int pairs = 12, string[]? defenses = null, string[]? models = null, string[]? attacks = null)
    {
        defenses ??= ["mean:3", "jpeg:75", "median:3+noise:8"];
        attacks ??= ["minimal/fgsm", "minimal/deepfool", "minimal/uniform", "strong/fmn"];
        var rows = new List<AttackRow>();
        var scores = new List<CleanScore>();
        foreach (var model in models ?? ["tiny"])
        {
            foreach (var attack in attacks.Select(a => a.Split('/')))
            {
                AttackRow[] bare = [.. Enumerable.Range(0, pairs).Select(i => Row(model, "8bit", attack[0], attack[1], i))];
                rows.AddRange(bare);
                foreach (var (d, defense) in defenses.Index())
                {
                    var random = d == defenses.Length - 1;
                    // What was made without knowing the defense is left on some pairs; what was made through it needs more.
                    rows.AddRange(bare.Select((r, i) => Behind(r, defense, "zero", (i + d) % 3 == 0 ? r.L2 : null, random)));
                    rows.AddRange(bare.Select(r => Behind(r, defense, "perfect", r.L2 * (1.2 + 0.3 * d), random)));
                }
            }
            for (var i = 0; i < pairs; i++)
            {
                if (Row(model, "8bit", "minimal", "fgsm", i) is not { DistanceBefore: { } distance } row) continue;
                foreach (var (d, defense) in defenses.Prepend("").Index())
                    scores.Add(new CleanScore(model, defense, row.Pair, i % 2 == 0, Math.Round(distance + 0.02 * d * (i % 5 - 1), 6)));
            }
        }
        return new FakeRun
        {
            Rows = [.. rows.OrderBy(r => r.Model == rows[0].Model ? 0 : 1)],
            RowsPlanned = rows.Count,
            Defenses =
            [
                .. from model in models ?? ["tiny"]
                   from d in defenses.Index()
                   let random = d.Index == defenses.Length - 1
                   select new DefenseFact(model, d.Item, d.Item.StartsWith("jpeg", StringComparison.Ordinal) ? "straight-through" : "exact",
                       random ? 4 : 1, random, 0.0002 * (1 + 10 * d.Index), 0.004),
            ],
            CleanScores = scores,
            GradientChecks =
            [
                .. from model in models ?? ["tiny"]
                   from d in defenses.Index()
                   from pair in Enumerable.Range(0, pairs)
                   select new GradientCheck(model, d.Item, Row(model, "8bit", "minimal", "fgsm", pair).Pair, 0.4 + 0.01 * pair,
                       d.Index == defenses.Length - 1 ? 0.8 : 1, 0.9 + 0.01 * (pair % 3)),
            ],
        };
    }

    /// <summary>A row of a bare verifier as it is behind a defense.</summary>
    /// <param name="bare">The row.</param>
    /// <param name="defense">Name of the defense.</param>
    /// <param name="knowledge">What the attacker knows of it.</param>
    /// <param name="norm">The norm that fools it; null where nothing does.</param>
    /// <param name="random">Whether the defense draws.</param>
    public static AttackRow Behind(AttackRow bare, string defense, string knowledge, double? norm, bool random = false)
    {
        var row = bare with { Defense = defense, Knowledge = knowledge };
        if (bare.Status == "skipped" || bare.AlreadyWrong) return row;
        if (norm is null)
            return row with
            {
                Success = false,
                Status = "failed",
                L2 = null,
                Linf = null,
                DistanceAfter = null,
                Success8Bit = null,
                L2After8Bit = null,
                Ssim = null,
                LateGain = null,
            };
        var rounded = Math.Round(norm.Value, 6);
        return row with
        {
            L2 = rounded,
            L2After8Bit = rounded,
            Linf = Math.Round(rounded / 20, 6),
            Ssim = Math.Round(1 - rounded / 60, 6),
            FooledShare = random ? 0.75 : null,
        };
    }

    public static AttackRow Row(string model, string storage, string family, string attack, int pair)
    {
        var goal = pair % 2 == 0 ? AttackGoal.Anonymize : AttackGoal.Impersonate;
        var row = new AttackRow
        {
            Pair = $"Anna_Example_{pair:D4}|{(goal == AttackGoal.Anonymize ? "Anna" : "Bert")}_Example_{pair + 1:D4}",
            Goal = goal,
            Attack = attack,
            Family = family,
            Model = model,
            Storage = storage,
            Threshold = 1.42,
            Success = false,
            AlreadyWrong = false,
            Status = "failed",
        };
        if (pair == 7) return row with { Status = "skipped", Reason = "the photograph Anna_Example_0007.jpg is cut off, \"truncated\"" };
        // Shares of an irrational number: spread evenly, the same everywhere.
        var spread = (pair * 0.6180339887 + attack.Length * 0.31) % 1;
        var before = goal == AttackGoal.Anonymize ? 0.5 + 0.8 * spread : 1.5 + 0.6 * spread;
        row = row with { DistanceBefore = Math.Round(before, 6) };
        if (pair == 4)
            return row with
            {
                Success = true,
                AlreadyWrong = true,
                L2 = 0,
                Linf = 0,
                DistanceBefore = 1.47,
                DistanceAfter = 1.47,
                Success8Bit = true,
                L2After8Bit = 0,
                Ssim = 1,
                Status = "ok",
                Forwards = 1,
            };
        var noise = attack is "uniform" or "gaussian";
        var thrifty = family == "minimal";
        row = row with
        {
            Forwards = noise ? (thrifty ? 24 : 700 + 10 * pair) : (thrifty ? 12 : 25 + pair),
            Backwards = noise ? 0 : attack == "fgsm" ? 1 : 4,
            Seconds = noise ? (thrifty ? 0.25 : 9.5) : 0.0625 * (1 + pair % 4),
        };
        if (noise && goal == AttackGoal.Impersonate && pair != 5) return row with { Reason = noise ? "" : "zero-gradient" };
        var typical = noise ? 22 : attack switch { "fgsm" => 1.4, "fmn" => 0.5, _ => 0.6 };
        var norm = Math.Round(typical * (0.3 + 1.6 * spread) * (thrifty ? 0.97 : 1) * (storage == "8bit" ? 1.6 : 1), 6);
        var survives = storage == "8bit" || noise || pair % 3 == 0;
        return row with
        {
            Success = true,
            Status = "ok",
            L2 = norm,
            Linf = Math.Round(norm / 20, 6),
            DistanceAfter = goal == AttackGoal.Anonymize ? 1.4203 : 1.4187,
            Success8Bit = survives,
            L2After8Bit = survives ? Math.Round(norm * 1.01, 6) : null,
            Ssim = Math.Round(1 - norm / 60, 6),
            LateGain = family == "strong" ? 0.01 : null,
        };
    }

    private FaceImage Face(string person, int size)
    {
        var kind = _people.TryGetValue(person, out var known) ? known : _people[person] = person.Sum(c => c) % 97;
        var pixels = new byte[3 * size * size];
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                var (u, v) = ((x + 0.5) / size * 2 - 1, (y + 0.5) / size * 2 - 1);
                var head = u * u / 0.42 + v * v / 0.72 < 1;
                var hair = head && v < -0.35 - 0.1 * (kind % 3) * Math.Cos(3 * u);
                var eye = Math.Abs(Math.Abs(u) - 0.27) < 0.1 && Math.Abs(v + 0.12) < 0.07;
                var mouth = Math.Abs(u) < 0.27 && Math.Abs(v - 0.45 + 0.3 * u * u * (kind % 2 == 0 ? 1 : -1)) < 0.05;
                var nose = Math.Abs(u) < 0.05 && v is > -0.1 and < 0.25;
                (int R, int G, int B) colour = !head ? (90 + kind, 120, 160 - kind / 2)
                    : hair ? (60 + kind / 2, 40, 30)
                    : eye ? (30, 40, 60 + kind)
                    : mouth ? (170, 60, 70) : nose ? (200, 150, 120) : (224, 184 - kind / 4, 150);
                var shade = 1 - 0.25 * (u + v);
                for (var c = 0; c < 3; c++)
                    pixels[3 * (y * size + x) + c] = (byte)Math.Clamp((c == 0 ? colour.R : c == 1 ? colour.G : colour.B) * shade, 0, 255);
            }
        }
        return new FaceImage(size, size, pixels);
    }
}
