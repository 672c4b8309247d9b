using Masquerade.Models.Diagnosis;
using Masquerade.Networks;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Ledger;

/// <summary>The database that ledgers are kept in.</summary>
internal static class LedgerEngine
{
    /// <summary>Its version, and whether it loads.</summary>
    public static LibraryInUse Check()
    {
        var native = "";
        var problem = EngineCheck.Problem(() =>
        {
            using var connection = new SqliteConnection("Data Source=:memory:");
            connection.Open();
            native = connection.ServerVersion;
        });
        var version = problem is null ? native : $"Microsoft.Data.Sqlite {LibraryVersion.Of<SqliteConnection>()}";
        return new LibraryInUse("SQLite", version, problem);
    }
}
