using Masquerade.Evaluation.Remote;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Ledger;

/// <summary>What other verifiers made of a run's images. Answers of services are kept one by one: each was paid for.</summary>
public sealed partial class RunLedger : IRemoteAnswers
{
    private const string InsertTransfer =
        $"INSERT INTO transfers ({LedgerSchema.Key}, target, way, outcome, distance, confidence, same, reason) "
        + "VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @12, @13, @14, @15)";

    private const string SelectTransfers =
        "SELECT t.model, t.defense, t.detector, t.knowledge, t.storage, t.family, t.attack, t.goal, t.pair, t.target, t.way, t.outcome, "
        + "t.distance, t.confidence, t.same, t.reason FROM transfers t JOIN targets g ON g.name = t.target AND g.way = t.way "
        + "JOIN cells c ON c.model = t.model AND c.storage = t.storage AND c.family = t.family AND c.attack = t.attack "
        + "AND c.defense = t.defense AND c.knowledge = t.knowledge JOIN pairs p ON p.id = t.pair ORDER BY g.ordinal, c.ordinal, p.ordinal";

    private const string SelectCleanTransfers =
        "SELECT t.model, t.target, t.way, t.pair, p.same, t.outcome, t.distance, t.confidence, t.same, t.reason FROM clean_transfers t "
        + "JOIN targets g ON g.name = t.target AND g.way = t.way JOIN pairs p ON p.id = t.pair "
        + "ORDER BY g.ordinal, (SELECT min(c.ordinal) FROM cells c WHERE c.model = t.model), p.ordinal";

    /// <inheritdoc/>
    public IReadOnlyList<TransferTarget> Targets => !_hasTransfers ? [] : GuardRead(() => _database.Query(
        r => new TransferTarget(r.GetString(0), r.GetString(1), r.GetBoolean(2), r.GetDouble(3), r.GetString(4)),
        "SELECT name, way, service, threshold, fingerprint FROM targets ORDER BY ordinal"));

    /// <inheritdoc/>
    public IReadOnlyList<TransferRow> Transfers
    {
        get
        {
            if (!_hasTransfers) return [];
            var images = Rows.ToDictionary(r => string.Join('\n', LedgerRows.Key(r)), StringComparer.Ordinal);
            return GuardRead(() => _database.Query(
                r => new TransferRow(
                    images.GetValueOrDefault(string.Join('\n', Enumerable.Range(0, 9).Select(r.GetString)))
                        ?? throw new FormatException("a judgement of an image without its row"),
                    r.GetString(9), r.GetString(10), Judgement(r, 11)),
                SelectTransfers));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<CleanTransfer> CleanTransfers => !_hasTransfers ? [] : GuardRead(() => _database.Query(
        r => new CleanTransfer(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetBoolean(4), Judgement(r, 5)),
        SelectCleanTransfers));

    /// <summary>Records a target, or checks that it still is what it was.</summary>
    /// <exception cref="InputException">Its earlier judgements are another verifier's.</exception>
    internal void Register(TransferTarget target)
    {
        if (Targets.FirstOrDefault(t => t.Name == target.Name && t.Way == target.Way) is { } known)
        {
            if (known == target) return;
            throw new InputException($"{_path}: holds judgements of another verifier called '{target.Name}' (its files, settings or "
                + "threshold changed since); put back what was there, or give it another name");
        }
        Guard(() => _database.Execute(
            "INSERT INTO targets SELECT coalesce(max(ordinal), 0) + 1, @0, @1, @2, @3, @4 FROM targets",
            target.Name, target.Way, target.IsService, target.Threshold, target.Fingerprint));
    }

    /// <summary>Which chunks of a cell's images a target has judged.</summary>
    internal IReadOnlySet<int> JudgedChunks(int cell, TransferTarget target) => GuardRead(() => _database.Query(
        r => r.GetInt32(0), "SELECT chunk FROM transfer_chunks WHERE cell = @0 AND target = @1 AND way = @2",
        cell, target.Name, target.Way).ToHashSet());

    /// <summary>Which chunks of clean pairs a target has judged, as they come to it for a model's images.</summary>
    internal IReadOnlySet<int> JudgedCleanChunks(string model, TransferTarget target) => GuardRead(() => _database.Query(
        r => r.GetInt32(0), "SELECT chunk FROM clean_transfer_chunks WHERE model = @0 AND target = @1 AND way = @2",
        model, target.Name, target.Way).ToHashSet());

    /// <summary>Commits a target's judgements of a chunk of a cell's images.</summary>
    internal void Commit(
        int cell, int chunk, TransferTarget target, IReadOnlyList<(AttackRow Image, TransferJudgement Judgement)> judged) => Guard(() =>
    {
        using var transaction = _database.BeginTransaction();
        foreach (var (image, judgement) in judged)
            _database.Execute(InsertTransfer, [.. LedgerRows.Key(image), target.Name, target.Way, .. Values(judgement)]);
        _database.Execute("INSERT INTO transfer_chunks VALUES (@0, @1, @2, @3)", cell, target.Name, target.Way, chunk);
        transaction.Commit();
        return 0;
    });

    /// <summary>Commits a target's judgements of a chunk of clean pairs.</summary>
    internal void CommitClean(
        string model, int chunk, TransferTarget target, IReadOnlyList<(string Pair, TransferJudgement Judgement)> judged) => Guard(() =>
    {
        using var transaction = _database.BeginTransaction();
        foreach (var (pair, judgement) in judged)
        {
            _database.Execute("INSERT INTO clean_transfers VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8)",
                [model, target.Name, target.Way, pair, .. Values(judgement)]);
        }
        _database.Execute("INSERT INTO clean_transfer_chunks VALUES (@0, @1, @2, @3)", model, target.Name, target.Way, chunk);
        transaction.Commit();
        return 0;
    });

    /// <inheritdoc/>
    RemoteAnswer? IRemoteAnswers.Find(string service, string key) => GuardRead(() => _database.Query(
        r => new RemoteAnswer(
            Enum.TryParse<RemoteOutcome>(r.GetString(0), out var outcome) ? outcome : throw new FormatException("no outcome of a service"),
            r.IsDBNull(1) ? null : r.GetDouble(1), r.GetString(2)),
        "SELECT outcome, confidence, reason FROM answers WHERE service = @0 AND key = @1", service, key).FirstOrDefault());

    /// <inheritdoc/>
    void IRemoteAnswers.Keep(string service, string key, RemoteAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        Guard(() => _database.Execute("INSERT OR REPLACE INTO answers VALUES (@0, @1, @2, @3, @4)",
            service, key, answer.Outcome.ToString(), answer.Confidence, answer.Reason));
    }

    private static object?[] Values(TransferJudgement judgement) =>
        [Name(judgement.Outcome), judgement.Distance, judgement.Confidence, judgement.Same, judgement.Reason];

    private static TransferJudgement Judgement(SqliteDataReader r, int at) => new(
        r.GetString(at) switch
        {
            "judged" => TransferOutcome.Judged,
            "no-face" => TransferOutcome.NoFace,
            "refused" => TransferOutcome.Refused,
            var other => throw new FormatException($"no outcome {other}"),
        },
        r.IsDBNull(at + 1) ? null : r.GetDouble(at + 1), r.IsDBNull(at + 2) ? null : r.GetDouble(at + 2),
        r.IsDBNull(at + 3) ? null : r.GetBoolean(at + 3), r.GetString(at + 4));

    /// <summary>An outcome in ledgers and exports.</summary>
    internal static string Name(TransferOutcome outcome) => outcome switch
    {
        TransferOutcome.Judged => "judged",
        TransferOutcome.NoFace => "no-face",
        _ => "refused",
    };
}
