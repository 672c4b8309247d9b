using Masquerade.Attacks;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Ledger;

/// <summary>Attack rows in and out of the ledger.</summary>
internal static class LedgerRows
{
    private const string Columns =
        $"{LedgerSchema.Key}, threshold, success, already_wrong, l2, linf, distance_before, distance_after, " +
        "forwards, backwards, seconds, success_8bit, l2_8bit, ssim, fooled_share, late_gain, score, refused, status, reason";

    private const string JoinInOrder =
        " r JOIN cells c ON c.model = r.model AND c.storage = r.storage AND c.family = r.family AND c.attack = r.attack " +
        "AND c.defense = r.defense AND c.knowledge = r.knowledge JOIN pairs p ON p.id = r.pair ";

    public const string SelectInOrder = $"SELECT r.* FROM (SELECT {Columns} FROM attack_rows){JoinInOrder}ORDER BY c.ordinal, p.ordinal";

    public const string SelectWithReason =
        $"SELECT r.model, r.storage, r.family, r.attack, r.defense, r.knowledge, r.pair FROM attack_rows{JoinInOrder}" +
        "WHERE r.status <> 'skipped' AND r.reason LIKE '%' || @0 ORDER BY c.ordinal, p.ordinal";

    public const string SelectImage = $"SELECT data {OfImage}";

    public const string HasImage = $"SELECT 1 {OfImage}";

    private const string OfImage =
        "FROM images WHERE model = @0 AND defense = @1 AND detector = @2 AND knowledge = @3 AND storage = @4 " +
        "AND family = @5 AND attack = @6 AND goal = @7 AND pair = @8";

    public const string InsertImage = $"INSERT INTO images ({LedgerSchema.Key}, data) VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, @9)";

    private const string InsertRow =
        $"INSERT INTO attack_rows ({Columns}) VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @12, @13, @14, @15, @16, @17, " +
        "@18, @19, @20, @21, @22, @23, @24, @25, @26, @27)";

    public static string Name(AttackGoal goal) => goal == AttackGoal.Anonymize ? "anonymization" : "impersonation";

    /// <summary>The ledger's key of a row.</summary>
    public static object[] Key(AttackRow row) =>
        [row.Model, row.Defense, row.Detector, row.Knowledge, row.Storage, row.Family, row.Attack, Name(row.Goal), row.Pair];

    public static void Insert(SqliteConnection database, AttackRow row) => database.Execute(InsertRow,
    [
        .. Key(row), row.Threshold, row.Success, row.AlreadyWrong, row.L2, row.Linf, row.DistanceBefore, row.DistanceAfter,
        row.Forwards, row.Backwards, row.Seconds, row.Success8Bit, row.L2After8Bit, row.Ssim, row.FooledShare, row.LateGain, row.Score,
        row.Refused, row.Status, row.Reason,
    ]);

    public static AttackRow Read(SqliteDataReader r) => new()
    {
        Model = r.GetString(0),
        Defense = r.GetString(1),
        Detector = r.GetString(2),
        Knowledge = r.GetString(3),
        Storage = r.GetString(4),
        Family = r.GetString(5),
        Attack = r.GetString(6),
        Goal = r.GetString(7) == Name(AttackGoal.Anonymize) ? AttackGoal.Anonymize : AttackGoal.Impersonate,
        Pair = r.GetString(8),
        Threshold = r.GetDouble(9),
        Success = r.GetBoolean(10),
        AlreadyWrong = r.GetBoolean(11),
        L2 = Real(r, 12),
        Linf = Real(r, 13),
        DistanceBefore = Real(r, 14),
        DistanceAfter = Real(r, 15),
        Forwards = r.GetInt64(16),
        Backwards = r.GetInt64(17),
        Seconds = r.GetDouble(18),
        Success8Bit = r.IsDBNull(19) ? null : r.GetBoolean(19),
        L2After8Bit = Real(r, 20),
        Ssim = Real(r, 21),
        FooledShare = Real(r, 22),
        LateGain = Real(r, 23),
        Score = Real(r, 24),
        Refused = r.IsDBNull(25) ? null : r.GetBoolean(25),
        Status = r.GetString(26),
        Reason = r.GetString(27),
    };

    private static double? Real(SqliteDataReader r, int column) => r.IsDBNull(column) ? null : r.GetDouble(column);
}
