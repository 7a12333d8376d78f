using System.Diagnostics;
using System.Security.Cryptography;

using Npgsql;

using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Local;

/// <summary>
/// A throw-away PostgreSQL server on loopback, made of the binaries of this machine: for trying things out and for tests. It is fast and
/// not durable (no fsync), and nobody gets in without its password.
/// </summary>
public sealed partial class LocalPostgres : IAsyncDisposable
{
    private const string User = "ddm";
    private const string Database = "ddm";
    private const string SystemUser = "postgres";
    private const int PortAttempts = 5;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process? _guard;

    private LocalPostgres(string folder, string connectionString, int processId, Process? guard)
    {
        Folder = folder;
        ConnectionString = connectionString;
        ProcessId = processId;
        _guard = guard;
    }

    /// <summary>Where the newest PostgreSQL of this machine has its programs; null = none is installed.</summary>
    public static string? Binaries { get; } = Candidates().FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));

    /// <summary>What to do where <see cref="Binaries"/> is null.</summary>
    public static string NotInstalled => "PostgreSQL is not installed. Install it (Debian: apt-get install postgresql) or name a database with --cluster.";

    /// <summary>The server's data; deleted with it.</summary>
    public string Folder { get; }

    /// <summary>The connection string of its database, as its superuser.</summary>
    public string ConnectionString { get; }

    /// <summary>The server's main process.</summary>
    public int ProcessId { get; }

    /// <summary>Makes a server and starts it on a free port. Run by root, it belongs to the user <c>postgres</c>, as PostgreSQL refuses root.</summary>
    /// <param name="guarded">Whether it ends with this process, however that ends; otherwise it stays until <see cref="Stop"/>.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ClusterUnreachableException">It is not installed, or it does not start.</exception>
    public static async Task<LocalPostgres> StartAsync(bool guarded, CancellationToken cancellation = default)
    {
        if (Binaries is null)
        {
            throw new ClusterUnreachableException(NotInstalled);
        }

        string folder = Directory.CreateTempSubdirectory("ddm-postgres-").FullName;
        try
        {
            string password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            string passwordFile = Path.Combine(folder, "password");
            await File.WriteAllTextAsync(passwordFile, password + "\n", cancellation);
            if (Environment.IsPrivilegedProcess)
            {
                await RunAsync(folder, "chown", ["-R", SystemUser, folder], StartLimit, cancellation);
            }

            string data = DataOf(folder);
            await RunAsServerAsync(
                folder, "initdb", ["-D", data, "-U", User, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8", "--locale=C", "--no-sync"], cancellation);
            File.Delete(passwordFile);
            int port = await StartServerAsync(folder, cancellation);
            int processId = ProcessIdOf(folder) ?? throw new ClusterUnreachableException("The local PostgreSQL ended right after its start.");
            Process? guard = guarded ? Guard(folder) : null;
            string connection = new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = port,
                Database = "postgres",
                Username = User,
                Password = password,
            }.ConnectionString;
            var server = new LocalPostgres(folder, connection, processId, guard);
            return new LocalPostgres(folder, await server.CreateDatabaseAsync(Database, cancellation), processId, guard);
        }
        catch
        {
            // What we waited for in vain may have started after all.
            Stop(ProcessIdOf(folder) ?? 0, folder);
            throw;
        }
    }

    /// <summary>Makes an empty database and returns its connection string.</summary>
    /// <param name="name">Its name: lower-case letters, digits and underscores.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellation = default)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name}\"", connection);
        await create.ExecuteNonQueryAsync(cancellation);
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ConnectionString;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Stop(ProcessId, Folder);
        if (_guard is not null)
        {
            _guard.StandardInput.Close();
            _guard.WaitForExit();
            _guard.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static IEnumerable<string> Candidates()
    {
        const string debian = "/usr/lib/postgresql";
        IEnumerable<string> versions = Directory.Exists(debian)
            ? Directory.EnumerateDirectories(debian).OrderByDescending(d => int.TryParse(Path.GetFileName(d), out int v) ? v : 0).Select(d => Path.Combine(d, "bin"))
            : [];
        return versions.Concat((Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
    }
}
