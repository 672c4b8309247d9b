using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Imaging;
using Masquerade.Verification;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Ledger;

/// <summary>
/// What was done: a run folder's <c>run.db</c>. A chunk of pairs is committed whole or not at all, so that a run killed at any moment goes
/// on from the last finished chunk.
/// </summary>
public sealed partial class RunLedger : IRunResults, IDisposable
{
    /// <summary>The ledger's name in a run folder.</summary>
    public const string FileName = "run.db";

    private const string SelectCrop = "SELECT png FROM crops WHERE model = @0 AND pair = @1 AND side = @2";

    private readonly string _path;
    private readonly RunLock? _lock;
    private readonly SqliteConnection _database;
    private readonly bool _hasTransfers;

    private RunLedger(string path, RunLock? runLock, SqliteConnection database, Experiment? experiment, bool hasTransfers)
    {
        (_path, _lock, _database, _hasTransfers) = (path, runLock, database, hasTransfers);
        Experiment = experiment ?? ReadExperiment();
        Cells = GuardRead(() => _database.Query(
            ReadCell, "SELECT model, storage, family, attack, defense, knowledge FROM cells ORDER BY ordinal"));
        Pairs = GuardRead(() => _database.Query(
            r => new VerificationPair(r.GetString(0), r.GetString(1), r.GetString(2), r.GetBoolean(3)),
            "SELECT id, probe, reference, same FROM pairs ORDER BY ordinal"));
    }

    /// <inheritdoc/>
    public Experiment Experiment { get; }

    /// <summary>What the rows are grouped by, in the order of reports.</summary>
    public IReadOnlyList<RunCell> Cells { get; }

    /// <summary>The pairs, in the order of their list.</summary>
    public IReadOnlyList<VerificationPair> Pairs { get; }

    /// <inheritdoc/>
    public int RowsPlanned => Cells.Count * Pairs.Count;

    /// <summary>Starts a ledger in a folder that holds no run yet; the folder is made where there is none.</summary>
    /// <exception cref="InputException">The folder holds a run already, is in use, or cannot be written to.</exception>
    public static RunLedger Create(
        string folder, Experiment experiment, IReadOnlyList<VerificationPair> pairs, IReadOnlyList<RunCell> cells)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(cells);
        using var taken = RunFolder.Take(folder);
        return Create(taken, experiment, pairs, cells);
    }

    /// <summary>As the other, in a folder that was taken for it; the ledger holds its lock from then on.</summary>
    internal static RunLedger Create(
        RunFolder folder, Experiment experiment, IReadOnlyList<VerificationPair> pairs, IReadOnlyList<RunCell> cells)
    {
        // Built beside its final name: a ledger that exists is complete.
        var (path, building) = (folder.Ledger, folder.Ledger + ".new");
        try
        {
            Remove(folder.Path, building);
            SqliteExtensions.Guard(path, () => Fill(building, experiment, pairs, cells));
            Writing(folder.Path, () => File.Move(building, path));
        }
        catch
        {
            Remove(folder.Path, building);
            throw;
        }
        var runLock = folder.HandOver();
        try
        {
            return Open(path, runLock, experiment);
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    /// <summary>Opens a run folder to go on with it; nobody else can at the same time.</summary>
    /// <exception cref="InputException">No run there, in use, damaged, or of another version.</exception>
    public static RunLedger Resume(string folder)
    {
        var path = Existing(folder);
        var runLock = RunLock.Take(folder);
        try
        {
            return Open(path, runLock, null);
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    /// <summary>Opens a run folder to read it; a run may be at work there, and the folder may be read-only.</summary>
    /// <exception cref="InputException">
    /// No run there, damaged, or of another version; or read-only with rows that SQLite has yet to take over.
    /// </exception>
    public static RunLedger Read(string folder)
    {
        var path = Existing(folder);
        try
        {
            return Open(path, null, null);
        }
        catch (InputException e) when (SqliteExtensions.CannotWrite(e))
        {
            // SQLite wants to write files beside the ledger; it can do without where none of them holds rows.
            if (new FileInfo(path + "-wal") is { Exists: true, Length: > 0 })
            {
                throw new InputException(
                    $"{folder}: cannot be written to, but the run there did not end in good order ({FileName}-wal); copy it elsewhere", e);
            }
            return Open(path, null, null, alone: true);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<string, string>> Facts => GuardRead(() => _database.Query(
        r => KeyValuePair.Create(r.GetString(0), r.GetString(1)), "SELECT name, value FROM facts ORDER BY ordinal"));

    /// <summary>Records a fact; one of the same name is replaced, in its place.</summary>
    public void SetFact(string name, string value) => Guard(() => _database.Execute(
        "INSERT INTO facts SELECT @0, coalesce(max(ordinal), 0) + 1, @1 FROM facts WHERE true ON CONFLICT (name) DO UPDATE SET value = @1",
        name, value));

    /// <summary>Which chunks of a cell are done.</summary>
    public IReadOnlySet<int> FinishedChunks(int cell) =>
        GuardRead(() => _database.Query(r => r.GetInt32(0), "SELECT chunk FROM chunks WHERE cell = @0", cell).ToHashSet());

    /// <summary>How many images a cell has kept for a goal.</summary>
    public int ImagesKept(RunCell cell, AttackGoal goal)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return GuardRead(() => Convert.ToInt32(
            _database.Scalar(
                "SELECT count(*) FROM images WHERE model = @0 AND storage = @1 AND family = @2 AND attack = @3 AND defense = @4 "
                + "AND knowledge = @5 AND goal = @6",
                cell.Model, cell.Storage, cell.Family, cell.Attack, cell.Defense, cell.Knowledge, LedgerRows.Name(goal)),
            CultureInfo.InvariantCulture));
    }

    /// <summary>Whether a row's own image was kept.</summary>
    internal bool HasImage(AttackRow row) => GuardRead(() => _database.Scalar(LedgerRows.HasImage, LedgerRows.Key(row))) is not null;

    /// <summary>The rows, not skipped, whose reason ends in this one, in the order of rows.</summary>
    internal IReadOnlyList<(RunCell Cell, string Pair)> RowsWithReason(string reason) => GuardRead(() => _database.Query(
        r => (ReadCell(r), r.GetString(6)),
        LedgerRows.SelectWithReason, reason));

    /// <inheritdoc/>
    public IReadOnlyList<AttackRow> Rows => GuardRead(() => _database.Query(LedgerRows.Read, LedgerRows.SelectInOrder));

    /// <inheritdoc/>
    public FaceImage? Crop(string model, string pair, PairSide side) => GuardRead(() =>
        _database.Scalar(SelectCrop, model, pair, Side(side)) is byte[] png
            ? ImageFile.Decode(png, $"{_path}: {Side(side)} of {pair}")
            : null);

    /// <inheritdoc/>
    public float[]? Adversarial(AttackRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        // With zero knowledge the images are the bare verifier's.
        if (row.Knowledge == KnowledgeNames.Zero) row = row with { Defense = "", Knowledge = "" };
        return GuardRead(() => _database.Scalar(LedgerRows.SelectImage, LedgerRows.Key(row))) is byte[] data
            && Crop(row.Model, row.Pair, PairSide.Probe) is { } clean
                ? ImageCodec.Decode(data, clean, $"{_path}: {row.Family}/{row.Attack} on {row.Pair}")
                : null;
    }

    /// <summary>Commits a finished chunk of some cells: rows and images, and the crops of the pairs whose images are kept.</summary>
    internal void Commit(
        int chunk, IReadOnlyList<(int Cell, IReadOnlyList<LedgerEntry> Entries)> cells, Func<string, PairSide, FaceImage> crop) => Guard(() =>
    {
        using var transaction = _database.BeginTransaction();
        foreach (var (cell, entries) in cells)
        {
            foreach (var (row, image) in entries) Insert(row, image, crop);
            _database.Execute("INSERT INTO chunks VALUES (@0, @1)", cell, chunk);
        }
        transaction.Commit();
        return 0;
    });

    private void Insert(AttackRow row, byte[]? image, Func<string, PairSide, FaceImage> crop)
    {
        LedgerRows.Insert(_database, row);
        if (image is null) return;
        _database.Execute(LedgerRows.InsertImage, [.. LedgerRows.Key(row), image]);
        foreach (var side in Enum.GetValues<PairSide>())
        {
            if (_database.Scalar(SelectCrop, row.Model, row.Pair, Side(side)) is not null) continue;
            var png = ImageFile.EncodePng(crop(row.Pair, side));
            _database.Execute("INSERT INTO crops VALUES (@0, @1, @2, @3)", row.Model, row.Pair, Side(side), png);
        }
    }

    private static RunCell ReadCell(SqliteDataReader r) =>
        new(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.GetString(5));

    private T Guard<T>(Func<T> action) => SqliteExtensions.Guard(_path, action);

    private T GuardRead<T>(Func<T> action) => SqliteExtensions.GuardRead(_path, action);

    private Experiment ReadExperiment()
    {
        var yaml = GuardRead(() => (string?)_database.Scalar("SELECT value FROM meta WHERE name = 'experiment'"));
        return ExperimentFile.Parse(yaml ?? "", _path).ToExperiment(_path);
    }

    private static string Side(PairSide side) => side == PairSide.Probe ? "probe" : "reference";

    private static string Existing(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? path : throw new InputException($"{folder}: no run there (no {FileName}); start one with --out");
    }

    private static int Fill(string path, Experiment experiment, IReadOnlyList<VerificationPair> pairs, IReadOnlyList<RunCell> cells)
    {
        using var database = Connect(path, SqliteOpenMode.ReadWriteCreate);
        using var transaction = database.BeginTransaction();
        database.Execute(LedgerSchema.Create);
        var yaml = ExperimentFile.Write(experiment);
        database.Execute("INSERT INTO meta VALUES ('version', @0), ('experiment', @1)", LedgerSchema.Version, yaml);
        foreach (var (i, p) in pairs.Index())
            database.Execute("INSERT INTO pairs VALUES (@0, @1, @2, @3, @4)", i, p.Id, p.Probe, p.Reference, p.SamePerson);
        foreach (var (i, c) in cells.Index())
            database.Execute(
                "INSERT INTO cells VALUES (@0, @1, @2, @3, @4, @5, @6)", i, c.Model, c.Defense, c.Knowledge, c.Storage, c.Family, c.Attack);
        transaction.Commit();
        return 0;
    }

    /// <summary>Removes a database that was never finished, with what SQLite keeps beside it.</summary>
    private static void Remove(string folder, string path)
    {
        foreach (var ending in new[] { "", "-journal" }) Writing(folder, () => File.Delete(path + ending));
    }

    /// <summary>Does something that writes to a run folder.</summary>
    /// <exception cref="InputException">It cannot be written to.</exception>
    internal static void Writing(string folder, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CannotWrite(folder, e);
        }
    }

    /// <summary>What a user is told of a run folder that cannot be written to.</summary>
    internal static InputException CannotWrite(string folder, Exception e) =>
        new($"{folder}: cannot be written to ({InputFile.OneLine(e.Message)}); choose another folder with --out", e);

    /// <param name="path">The ledger.</param>
    /// <param name="runLock">What keeps others out; null to read only.</param>
    /// <param name="experiment">What it is of, where that is known.</param>
    /// <param name="alone">Nobody writes it while it is read, and SQLite needs no files beside it.</param>
    private static RunLedger Open(string path, RunLock? runLock, Experiment? experiment, bool alone = false)
    {
        SqliteConnection? database = null;
        try
        {
            database = SqliteExtensions.Guard(path, () => alone
                ? Connect(new Uri(Path.GetFullPath(path)).AbsoluteUri + "?immutable=1", SqliteOpenMode.ReadOnly)
                : Connect(path, SqliteOpenMode.ReadWrite));
            // Nothing is written before it is known whose file this is.
            var version = SqliteExtensions.GuardRead(
                path, () => database.Scalar("SELECT value FROM meta WHERE name = 'version'") as string ?? "unknown");
            if (version is not (LedgerSchema.Version or LedgerSchema.WithoutTransfers))
                throw new InputException($"{path}: a ledger of version {version}; this masq reads version {LedgerSchema.Version}");
            // Readers never wait for the run nor the run for them; what a chunk needs is written once, not twice.
            if (runLock is not null)
                SqliteExtensions.Guard(path, () => database.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"));
            if (runLock is not null && version != LedgerSchema.Version)
            {
                SqliteExtensions.GuardRead(path, () =>
                {
                    using var transaction = database.BeginTransaction();
                    database.Execute(LedgerSchema.Upgrade);
                    transaction.Commit();
                    return version = LedgerSchema.Version;
                });
            }
            return new RunLedger(path, runLock, database, experiment, version == LedgerSchema.Version);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var purifier in _purifiers.Values) purifier?.Dispose();
        _database.Dispose();
        _lock?.Dispose();
    }
}
