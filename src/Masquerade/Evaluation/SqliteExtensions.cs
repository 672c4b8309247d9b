using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation;

/// <summary>Short forms for SQLite, with its errors turned into the user's.</summary>
internal static class SqliteExtensions
{
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
    public static List<T> Query<T>(this SqliteConnection connection, Func<SqliteDataReader, T> read, string sql, params object?[] parameters)
    {
        using var command = connection.Prepare(sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    }

    /// <summary>Runs an action on a ledger; what SQLite says of disks and files becomes one line for the user.</summary>
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
                    Corrupt or NotADatabase => $"{path}: not a ledger, or a damaged one; run the experiment again into a new folder",
                    _ => $"{path}: {e.Message.Split('\n')[0]}",
                },
                e);
        }
    }

    private static SqliteCommand Prepare(this SqliteConnection connection, string sql, object?[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++) command.Parameters.AddWithValue($"@{i}", parameters[i] ?? DBNull.Value);
        return command;
    }
}
