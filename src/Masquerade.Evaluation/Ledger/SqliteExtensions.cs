using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Ledger;

/// <summary>Short forms for SQLite, with its errors turned into the user's.</summary>
internal static class SqliteExtensions
{
    // Result codes of SQLite (sqlite.org/rescode.html).
    private const int Error = 1;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>Runs a statement with positional parameters (@0, @1, …).</summary>
    public static int Execute(this SqliteConnection connection, string sql, params object?[] parameters)
    {
        using var command = connection.Prepare(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first value of the first row; null if there is none.</summary>
    public static object? Scalar(this SqliteConnection connection, string sql, params object?[] parameters)
    {
        using var command = connection.Prepare(sql, parameters);
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>Every row, read through a function.</summary>
    public static List<T> Query<T>(
        this SqliteConnection connection, Func<SqliteDataReader, T> read, string sql, params object?[] parameters)
    {
        using var command = connection.Prepare(sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    }

    /// <summary>Runs an action on a ledger; what SQLite says of disks and files becomes one line for the user.</summary>
    /// <exception cref="InputException">SQLite failed.</exception>
    public static T Guard<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException e)
        {
            throw new InputException(
                e.SqliteErrorCode switch
                {
                    Full => $"{path}: the disk is full; free some space and go on with --resume",
                    ReadOnly or CannotOpen => $"{path}: cannot be written to; check the folder's permissions or choose another with --out",
                    InputOutput => $"{path}: reading or writing failed (disk full or damaged?); free some space and go on with --resume",
                    Busy or Locked => $"{path}: another program holds it; close that and try again",
                    Corrupt or NotADatabase => Damaged(path),
                    _ => $"{path}: {InputFile.OneLine(e.Message)}",
                },
                e);
        }
    }

    /// <summary>As <see cref="Guard"/>, for what only reads: tables, columns or values that are not a ledger's are damage too.</summary>
    /// <exception cref="InputException">SQLite failed, or what is there is no ledger's.</exception>
    public static T GuardRead<T>(string path, Func<T> action)
    {
        try
        {
            return Guard(path, action);
        }
        catch (InputException e) when (e.InnerException is SqliteException { SqliteErrorCode: Error })
        {
            throw new InputException(Damaged(path), e);
        }
        catch (Exception e) when (e is InvalidCastException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new InputException(Damaged(path), e);
        }
    }

    /// <summary>Whether SQLite wanted to write where it cannot.</summary>
    public static bool CannotWrite(InputException e) =>
        e.InnerException is SqliteException { SqliteErrorCode: ReadOnly or CannotOpen };

    private static string Damaged(string path) => $"{path}: not a ledger, or a damaged one; run the experiment again into a new folder";

    private static SqliteCommand Prepare(this SqliteConnection connection, string sql, object?[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++) command.Parameters.AddWithValue($"@{i}", parameters[i] ?? DBNull.Value);
        return command;
    }
}
