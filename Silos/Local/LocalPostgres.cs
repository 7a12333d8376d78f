using System.Diagnostics;
using System.Security.Cryptography;

using Npgsql;

using OrleansDDM.Silos.Cluster;
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

    private LocalPostgres(LocalServer server, string connectionString, Process? guard)
    {
        Server = server;
        ConnectionString = connectionString;
        _guard = guard;
    }

    /// <summary>Where the newest PostgreSQL of this machine has its programs; null = none is installed.</summary>
    public static string? Binaries { get; } = Candidates().FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));

    /// <summary>What to do where <see cref="Binaries"/> is null.</summary>
    public static string NotInstalled => "PostgreSQL is not installed. Install it (Debian: apt-get install postgresql) or name a database with --cluster.";

    /// <summary>The server's process and its data, which is deleted with it.</summary>
    public LocalServer Server { get; }

    /// <summary>The connection string of its database, as its superuser.</summary>
    public string ConnectionString { get; }

    /// <summary>Makes a server and starts it on a free port. Run by root, it belongs to the user <c>postgres</c>, as PostgreSQL refuses root.</summary>
    /// <param name="guarded">Whether it ends with this process, however that ends; otherwise it stays until <see cref="Stop"/>.</param>
    /// <param name="folder">
    /// A folder for it that does not exist yet. Where the server cannot live there, e.g. because the user <c>postgres</c> may not enter a folder
    /// above it, and where none is named, it lives in the system's temporary folder.
    /// </param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ConfigurationException">The folder exists.</exception>
    /// <exception cref="ClusterUnreachableException">It is not installed, or it does not start.</exception>
    public static async Task<LocalPostgres> StartAsync(bool guarded, string? folder = null, CancellationToken cancellation = default)
    {
        if (Binaries is null)
        {
            throw new ClusterUnreachableException(NotInstalled);
        }

        if (folder is not null)
        {
            if (Path.Exists(folder))
            {
                throw new ConfigurationException($"'{folder}' holds an earlier database, and no file says which. End what runs on it, delete it, and try again.");
            }

            try
            {
                CreatePrivate(folder);
                return await StartInAsync(folder, guarded, cancellation);
            }
            catch (ClusterUnreachableException)
            {
                // It may be the folder's fault.
            }
        }

        return await StartInAsync(Directory.CreateTempSubdirectory("ddm-postgres-").FullName, guarded, cancellation);
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
        Stop(Server);
        if (_guard is not null)
        {
            _guard.StandardInput.Close();
            _guard.WaitForExit();
            _guard.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static async Task<LocalPostgres> StartInAsync(string folder, bool guarded, CancellationToken cancellation)
    {
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
            LocalServer server = Started(folder);
            Process? guard = guarded ? Guard(folder) : null;
            string connection = new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = port,
                Database = "postgres",
                Username = User,
                Password = password,
            }.ConnectionString;
            var postgres = new LocalPostgres(server, connection, guard);
            return new LocalPostgres(server, await postgres.CreateDatabaseAsync(Database, cancellation), guard);
        }
        catch
        {
            // What we waited for in vain may have started after all.
            Stop(ServerOf(folder));
            throw;
        }
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
