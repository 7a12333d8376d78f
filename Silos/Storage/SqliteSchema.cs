using System.Globalization;

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace OrleansDDM.Silos.Storage;

/// <summary>
/// Installs the grain storage in a SQLite file. It may run any number of times and from several processes at once. A file that is no
/// database any more is moved aside, so that a run goes on from its checkpoints instead of never starting again.
/// </summary>
public static partial class SqliteSchema
{
    private const int ErrorCorrupt = 11;
    private const int ErrorNotADatabase = 26;
    private const int ErrorShortRead = 522;

    /// <summary>The connection string of a database file, for the storage provider.</summary>
    public static string ConnectionString(string path) => new SqliteConnectionStringBuilder
    {
        DataSource = Path.GetFullPath(path),
        Mode = SqliteOpenMode.ReadWriteCreate,
    }.ToString();

    /// <summary>Creates what is missing in the file <paramref name="path"/> and brings the query texts up to date.</summary>
    /// <returns>Where a broken database was moved to; null = the file was new or good.</returns>
    /// <exception cref="SchemaException">The database was made by a newer version.</exception>
    public static string? Install(string path, ILogger logger)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(logger);
        string? aside = null;
        if (File.Exists(path) && Defect(path) is { } defect)
        {
            aside = MoveAside(path);
            LogMovedAside(logger, path, defect, aside);
        }

        using SqliteConnection connection = Open(path);
        Execute(connection, "PRAGMA journal_mode = WAL");
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        Execute(connection, SchemaText.Read("sqlite"));
        CheckVersion(connection, path);
        foreach (string key in SchemaFeature.GrainStorage.Queries)
        {
            Execute(
                connection,
                """
                INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($key, $text)
                ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText WHERE QueryText <> excluded.QueryText
                """,
                ("$key", key),
                ("$text", SchemaText.Read(key)));
        }

        transaction.Commit();
        return aside;
    }

    /// <summary>Closes the pooled connections to a file; the last one tidies the write-ahead log away.</summary>
    public static void Close(string path)
    {
        using var connection = new SqliteConnection(ConnectionString(path));
        SqliteConnection.ClearPool(connection);
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(ConnectionString(path)) { Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static string? Defect(string path)
    {
        try
        {
            using SqliteConnection connection = Open(path);
            string? result = Scalar(connection, "PRAGMA integrity_check(1)") as string;
            return result == "ok" ? null : result ?? "no answer to the integrity check";
        }
        catch (SqliteException e) when (e.SqliteErrorCode is ErrorCorrupt or ErrorNotADatabase || e.SqliteExtendedErrorCode == ErrorShortRead)
        {
            return e.Message;
        }
    }

    private static string MoveAside(string path)
    {
        int n = 1;
        while (File.Exists(Aside(path, n)))
        {
            n++;
        }

        string aside = Aside(path, n);
        foreach (string suffix in (string[])["-wal", "-shm", string.Empty])
        {
            if (File.Exists(path + suffix))
            {
                File.Move(path + suffix, aside + suffix, overwrite: true);
            }
        }

        return aside;
    }

    private static string Aside(string path, int n) => path + ".corrupt-" + n.ToString(CultureInfo.InvariantCulture);

    private static void CheckVersion(SqliteConnection connection, string path)
    {
        object? found = Scalar(connection, "SELECT Version FROM DdmSchema WHERE Feature = $feature", ("$feature", SchemaFeature.GrainStorage.Name));
        if (found is long newer && newer > SchemaFeature.GrainStorage.Version)
        {
            throw new SchemaException(
                $"'{path}' has version {newer} of the {SchemaFeature.GrainStorage.Name} schema, this program knows version {SchemaFeature.GrainStorage.Version}. Use the newer program.");
        }

        Execute(
            connection,
            "INSERT INTO DdmSchema (Feature, Version) VALUES ($feature, $version) ON CONFLICT (Feature) DO UPDATE SET Version = excluded.Version",
            ("$feature", SchemaFeature.GrainStorage.Name),
            ("$version", SchemaFeature.GrainStorage.Version));
    }

    private static void Execute(SqliteConnection connection, string text, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, text, parameters);
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string text, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, text, parameters);
        return command.ExecuteScalar();
    }

    private static SqliteCommand Command(SqliteConnection connection, string text, (string Name, object Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    [LoggerMessage(EventId = 2011, Level = LogLevel.Warning, Message = "{Path} is broken ({Defect}); it was moved to {Aside} and the run goes on from its checkpoints")]
    private static partial void LogMovedAside(ILogger logger, string path, string defect, string aside);
}
