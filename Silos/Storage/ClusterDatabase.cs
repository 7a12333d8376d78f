using System.Net;

using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Storage;

/// <summary>Opens the PostgreSQL database that names a cluster, and tells its mistakes apart.</summary>
internal static class ClusterDatabase
{
    // Longest time for a connection to come up, in seconds, where the connection string names none.
    private const int ConnectSeconds = 5;

    // Most pooled connections of a process, where the connection string names no number: when silos leave, all others read their reminders anew, one
    // query for each of many ranges, and together they would take all connections that the server has.
    private const int Connections = 16;

    // Classes of SQLSTATE: the connection broke, the server is out of connections, memory or disk, somebody shuts it down.
    private static readonly string[] AwayClasses = ["08", "53", "57"];

    /// <summary>Checks a connection string and sets what it leaves open.</summary>
    /// <exception cref="ConfigurationException">It is none, or it names no host.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new ConfigurationException($"--cluster is not a PostgreSQL connection string: {e.Message}");
        }

        if (string.IsNullOrEmpty(builder.Host))
        {
            throw new ConfigurationException("--cluster names no Host. Give a PostgreSQL connection string, e.g. \"Host=db;Database=ddm;Username=ddm;Password=...\".");
        }

        if (!builder.ShouldSerialize("Timeout"))
        {
            builder.Timeout = ConnectSeconds;
        }

        if (!builder.ShouldSerialize("Maximum Pool Size"))
        {
            builder.MaxPoolSize = Math.Max(Connections, builder.MinPoolSize);
        }

        builder.ApplicationName ??= "ddm";
        return builder;
    }

    /// <summary>The database in words, without its password.</summary>
    public static string NameOf(NpgsqlConnectionStringBuilder builder) => $"'{builder.Database ?? builder.Username ?? "default"}' on {builder.Host}:{builder.Port}";

    /// <summary>Whether the server is on this machine, as far as its name tells.</summary>
    public static bool IsLocal(NpgsqlConnectionStringBuilder builder) => builder.Host!.Split(',').Select(h => h.Split(':')[0]).All(host =>
        host is "localhost" or "" || host.StartsWith('/') || host.StartsWith('@') || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address)));

    /// <summary>Opens a connection that is not pooled.</summary>
    /// <exception cref="ConfigurationException">The connection string is wrong.</exception>
    /// <exception cref="ClusterUnreachableException">The server does not answer, or does not let us in.</exception>
    public static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellation)
    {
        NpgsqlConnectionStringBuilder builder = Parse(connectionString);
        builder.Pooling = false;
        var connection = new NpgsqlConnection(builder.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            return connection;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            await connection.DisposeAsync();
            throw Unreachable(builder, e);
        }
    }

    /// <summary>What time it is by the database's clock, the one that all silos have in common.</summary>
    public static async Task<DateTimeOffset> NowAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellation))!);
    }

    /// <summary>What the failure of a command is told as: a database that went away is no fault of its schema.</summary>
    /// <param name="connection">Where the command ran.</param>
    /// <param name="error">How it failed.</param>
    /// <param name="complaint">What to say where the database refuses the command itself.</param>
    public static Exception Failure(NpgsqlConnection connection, NpgsqlException error, Func<PostgresException, string> complaint) =>
        error is PostgresException refused && !AwayClasses.Contains(refused.SqlState[..2])
            ? new SchemaException(complaint(refused), error)
            : Unreachable(new NpgsqlConnectionStringBuilder(connection.ConnectionString), error);

    private static ClusterUnreachableException Unreachable(NpgsqlConnectionStringBuilder builder, Exception e)
    {
        string reason = e is PostgresException refused ? refused.MessageText : e.InnerException is { } inner ? $"{e.Message} ({inner.Message})" : e.Message;
        return new ClusterUnreachableException($"The cluster cannot be reached: database {NameOf(builder)}: {reason}", e);
    }
}
