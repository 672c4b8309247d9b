namespace Masquerade.Evaluation.Ledger;

/// <summary>The ledger's tables.</summary>
internal static class LedgerSchema
{
    /// <summary>Raised when the tables change; a ledger of an unknown version is refused, never guessed at.</summary>
    public const string Version = "4";

    /// <summary>The version without transfers: it is read as it is, and <see cref="Upgrade"/> makes it a current one.</summary>
    public const string WithoutTransfers = "3";

    public const string Key = "model, defense, detector, knowledge, storage, family, attack, goal, pair";

    public const string Create = $"""
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE facts (name TEXT PRIMARY KEY, ordinal INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE pairs (ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, probe TEXT NOT NULL, reference TEXT NOT NULL,
            same INTEGER NOT NULL);
        CREATE TABLE cells (ordinal INTEGER PRIMARY KEY, model TEXT NOT NULL, defense TEXT NOT NULL, knowledge TEXT NOT NULL,
            storage TEXT NOT NULL, family TEXT NOT NULL, attack TEXT NOT NULL,
            UNIQUE (model, defense, knowledge, storage, family, attack));
        CREATE TABLE chunks (cell INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY (cell, chunk)) WITHOUT ROWID;
        CREATE TABLE attack_rows (
            model TEXT NOT NULL, defense TEXT NOT NULL, detector TEXT NOT NULL, knowledge TEXT NOT NULL, storage TEXT NOT NULL,
            family TEXT NOT NULL, attack TEXT NOT NULL, goal TEXT NOT NULL, pair TEXT NOT NULL,
            threshold REAL NOT NULL, success INTEGER NOT NULL, already_wrong INTEGER NOT NULL,
            l2 REAL, linf REAL, distance_before REAL, distance_after REAL, forwards INTEGER NOT NULL, backwards INTEGER NOT NULL,
            seconds REAL NOT NULL, success_8bit INTEGER, l2_8bit REAL, ssim REAL, fooled_share REAL, late_gain REAL, score REAL,
            refused INTEGER, status TEXT NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY ({Key})) WITHOUT ROWID;
        CREATE TABLE images (
            model TEXT NOT NULL, defense TEXT NOT NULL, detector TEXT NOT NULL, knowledge TEXT NOT NULL, storage TEXT NOT NULL,
            family TEXT NOT NULL, attack TEXT NOT NULL, goal TEXT NOT NULL, pair TEXT NOT NULL, data BLOB NOT NULL,
            PRIMARY KEY ({Key}));
        CREATE TABLE defenses (model TEXT NOT NULL, ordinal INTEGER NOT NULL, defense TEXT NOT NULL, gradient TEXT NOT NULL,
            samples INTEGER NOT NULL, random INTEGER NOT NULL, seconds REAL NOT NULL, forward_seconds REAL NOT NULL,
            PRIMARY KEY (model, defense)) WITHOUT ROWID;
        CREATE TABLE clean_scores (model TEXT NOT NULL, defense TEXT NOT NULL, ordinal INTEGER NOT NULL, pair TEXT NOT NULL,
            same INTEGER NOT NULL, distance REAL NOT NULL, score REAL, refused INTEGER NOT NULL, PRIMARY KEY (model, defense, ordinal)) WITHOUT ROWID;
        CREATE TABLE clean_chunks (model TEXT NOT NULL, defense TEXT NOT NULL, chunk INTEGER NOT NULL,
            PRIMARY KEY (model, defense, chunk)) WITHOUT ROWID;
        CREATE TABLE gradient_checks (model TEXT NOT NULL, defense TEXT NOT NULL, ordinal INTEGER NOT NULL, pair TEXT NOT NULL,
            norm REAL NOT NULL, repeatability REAL NOT NULL, agreement REAL NOT NULL, PRIMARY KEY (model, defense, ordinal)) WITHOUT ROWID;
        CREATE TABLE crops (model TEXT NOT NULL, pair TEXT NOT NULL, side TEXT NOT NULL, png BLOB NOT NULL,
            PRIMARY KEY (model, pair, side));
        {CreateTransfers}
        """;

    /// <summary>What version 3 had not.</summary>
    private const string CreateTransfers = $"""
        CREATE TABLE targets (ordinal INTEGER PRIMARY KEY, name TEXT NOT NULL, way TEXT NOT NULL, service INTEGER NOT NULL,
            threshold REAL NOT NULL, fingerprint TEXT NOT NULL, UNIQUE (name, way));
        CREATE TABLE transfers (
            model TEXT NOT NULL, defense TEXT NOT NULL, detector TEXT NOT NULL, knowledge TEXT NOT NULL, storage TEXT NOT NULL,
            family TEXT NOT NULL, attack TEXT NOT NULL, goal TEXT NOT NULL, pair TEXT NOT NULL, target TEXT NOT NULL, way TEXT NOT NULL,
            outcome TEXT NOT NULL, distance REAL, confidence REAL, same INTEGER, reason TEXT NOT NULL,
            PRIMARY KEY ({Key}, target, way)) WITHOUT ROWID;
        CREATE TABLE clean_transfers (model TEXT NOT NULL, target TEXT NOT NULL, way TEXT NOT NULL, pair TEXT NOT NULL,
            outcome TEXT NOT NULL, distance REAL, confidence REAL, same INTEGER, reason TEXT NOT NULL,
            PRIMARY KEY (model, target, way, pair)) WITHOUT ROWID;
        CREATE TABLE transfer_chunks (cell INTEGER NOT NULL, target TEXT NOT NULL, way TEXT NOT NULL, chunk INTEGER NOT NULL,
            PRIMARY KEY (cell, target, way, chunk)) WITHOUT ROWID;
        CREATE TABLE clean_transfer_chunks (model TEXT NOT NULL, target TEXT NOT NULL, way TEXT NOT NULL, chunk INTEGER NOT NULL,
            PRIMARY KEY (model, target, way, chunk)) WITHOUT ROWID;
        CREATE TABLE answers (service TEXT NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL, confidence REAL, reason TEXT NOT NULL,
            PRIMARY KEY (service, key)) WITHOUT ROWID;
        """;

    /// <summary>Makes a ledger of version 3 one of version 4; of the column that goes every value was empty.</summary>
    public const string Upgrade = $"""
        ALTER TABLE attack_rows DROP COLUMN target;
        {CreateTransfers}
        UPDATE meta SET value = '{Version}' WHERE name = 'version';
        """;
}
