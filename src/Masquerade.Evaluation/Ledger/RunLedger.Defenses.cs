using Masquerade.Defenses;
using Masquerade.Evaluation.Experiments;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Ledger;

/// <summary>What was measured of a run's defenses beside the attacks on them.</summary>
public sealed partial class RunLedger
{
    private readonly Dictionary<string, Purifier?> _purifiers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IReadOnlyList<DefenseFact> Defenses => GuardRead(() => _database.Query(
        r => new DefenseFact(
            r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt32(3), r.GetBoolean(4), r.GetDouble(5), r.GetDouble(6)),
        "SELECT model, defense, gradient, samples, random, seconds, forward_seconds FROM defenses ORDER BY ordinal"));

    /// <inheritdoc/>
    public IReadOnlyList<CleanScore> CleanScores => GuardRead(() => _database.Query(
        r => new CleanScore(
            r.GetString(0), r.GetString(1), r.GetString(2), r.GetBoolean(3), r.GetDouble(4), r.IsDBNull(5) ? null : r.GetDouble(5), r.GetBoolean(6)),
        "SELECT model, defense, pair, same, distance, score, refused FROM clean_scores ORDER BY model, defense, ordinal"));

    /// <inheritdoc/>
    public IReadOnlyList<GradientCheck> GradientChecks => GuardRead(() => _database.Query(
        r => new GradientCheck(r.GetString(0), r.GetString(1), r.GetString(2), r.GetDouble(3), r.GetDouble(4), r.GetDouble(5)),
        "SELECT model, defense, pair, norm, repeatability, agreement FROM gradient_checks ORDER BY model, defense, ordinal"));

    /// <inheritdoc/>
    public float[]? Purified(AttackRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Defense.Length == 0 || Adversarial(row) is not { } image || Crop(row.Model, row.Pair, PairSide.Probe) is not { } clean) return null;
        // Of a stack the part that cleans.
        var name = row.Detector.Length == 0 ? row.Defense : string.Join(',', row.Defense.Split(',').Where(part => part != row.Detector));
        if (Purifier(name) is not { } purifier) return null;
        using var scope = NewDisposeScope();
        var images = tensor(image, [1, 3, clean.Height, clean.Width]);
        var purified = purifier.Purify(images, purifier.IsRandom ? [RandomDraw.Fresh(Experiment.Seed, row.Pair, 0)] : null);
        return purified.data<float>().ToArray();
    }

    /// <summary>A defense of the run; null where its weights are no longer there: a report can do without the picture.</summary>
    private Purifier? Purifier(string defense)
    {
        if (_purifiers.TryGetValue(defense, out var known)) return known;
        try
        {
            return _purifiers[defense] = PurifierRegistry.Open(defense);
        }
        catch (InputException)
        {
            return _purifiers[defense] = null;
        }
    }

    /// <summary>Records what was measured of a defense before anything was attacked.</summary>
    internal void Commit(int ordinal, DefenseFact fact, IReadOnlyList<GradientCheck> checks) => Guard(() =>
    {
        using var transaction = _database.BeginTransaction();
        _database.Execute(
            "INSERT INTO defenses VALUES (@0, @1, @2, @3, @4, @5, @6, @7)", fact.Model, ordinal, fact.Defense, fact.Gradient, fact.Samples,
            fact.IsRandom, fact.SecondsPerImage, fact.SecondsPerForward);
        foreach (var (i, c) in checks.Index())
        {
            _database.Execute(
                "INSERT INTO gradient_checks VALUES (@0, @1, @2, @3, @4, @5, @6)", c.Model, c.Defense, i, c.Pair, c.Norm, c.Repeatability,
                c.Agreement);
        }
        transaction.Commit();
        return 0;
    });

    /// <summary>Which chunks of clean pairs are scored behind a defense.</summary>
    internal IReadOnlySet<int> ScoredChunks(string model, string defense) => GuardRead(() => _database.Query(
        r => r.GetInt32(0), "SELECT chunk FROM clean_chunks WHERE model = @0 AND defense = @1", model, defense).ToHashSet());

    /// <summary>Commits a chunk of clean pairs.</summary>
    internal void Commit(string model, string defense, int chunk, int first, IReadOnlyList<CleanScore> scores) => Guard(() =>
    {
        using var transaction = _database.BeginTransaction();
        foreach (var (i, s) in scores.Index())
        {
            _database.Execute(
                "INSERT INTO clean_scores VALUES (@0, @1, @2, @3, @4, @5, @6, @7)", model, defense, first + i, s.Pair, s.SamePerson, s.Distance,
                s.Score, s.Refused);
        }
        _database.Execute("INSERT INTO clean_chunks VALUES (@0, @1, @2)", model, defense, chunk);
        transaction.Commit();
        return 0;
    });
}
