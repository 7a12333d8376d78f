using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

using Npgsql;

using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Local;

/// <summary>
/// A throw-away PostgreSQL server on loopback, made of the binaries of this machine: for trying things out and for tests. It is fast and
/// not durable (no fsync), and nobody gets in without its password.
/// </summary>
public sealed class LocalPostgres : IAsyncDisposable
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
                await RunAsync(folder, "chown", ["-R", SystemUser, folder], cancellation);
            }

            string data = Path.Combine(folder, "data");
            await RunAsServerAsync(
                folder, "initdb", ["-D", data, "-U", User, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8", "--locale=C", "--no-sync"], cancellation);
            File.Delete(passwordFile);
            int port = await StartServerAsync(folder, data, cancellation);
            int processId = int.Parse(File.ReadLines(Path.Combine(data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
            Process? guard = guarded ? Guard(processId, folder) : null;
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
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Ends a server at once and deletes its data.</summary>
    /// <param name="processId">Its main process.</param>
    /// <param name="folder">Its folder.</param>
    public static void Stop(int processId, string folder)
    {
        if (IsServer(processId, folder))
        {
            // SIGQUIT: nothing is worth saving.
            using Process kill = Process.Start("kill", ["-QUIT", processId.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
            using var clock = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            while (IsServer(processId, folder) && !clock.IsCancellationRequested)
            {
                Thread.Sleep(10);
            }
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Whether the process is the server of that folder.</summary>
    public static bool IsServer(int processId, string folder)
    {
        try
        {
            string pidFile = Path.Combine(folder, "data", "postmaster.pid");
            using var process = Process.GetProcessById(processId);
            return !process.HasExited && File.Exists(pidFile)
                && File.ReadLines(pidFile).FirstOrDefault() == processId.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException)
        {
            return false;
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

    private static async Task<int> StartServerAsync(string folder, string data, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            (int port, _) = FreePorts.Two();
            string options = string.Create(
                CultureInfo.InvariantCulture,
                $"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=32MB");
            try
            {
                await RunAsServerAsync(folder, "pg_ctl", ["-D", data, "-l", Path.Combine(folder, "data", "server.log"), "-w", "-t", "30", "-o", options, "start"], cancellation);
                return port;
            }
            catch (ClusterUnreachableException) when (attempt < PortAttempts)
            {
                // Most likely another process took the port.
            }
        }
    }

    // Outlives this process by a moment: its standard input ends with us, and then it ends the server.
    private static Process Guard(int processId, string folder)
    {
        const string script = "trap '' INT TERM HUP; read -r _; kill -QUIT \"$1\" 2> /dev/null; n=0; while [ -e \"$2/data/postmaster.pid\" ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done; rm -rf \"$2\"";
        return Process.Start(new ProcessStartInfo("sh", ["-c", script, "sh", processId.ToString(CultureInfo.InvariantCulture), folder])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;
    }

    private static Task RunAsServerAsync(string folder, string program, string[] arguments, CancellationToken cancellation)
    {
        string path = Path.Combine(Binaries!, program);
        return Environment.IsPrivilegedProcess
            ? RunAsync(folder, "runuser", ["-u", SystemUser, "--", path, .. arguments], cancellation)
            : RunAsync(folder, path, arguments, cancellation);
    }

    private static async Task RunAsync(string folder, string program, string[] arguments, CancellationToken cancellation)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(StartLimit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(late.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(late.Token);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new ClusterUnreachableException($"{Path.GetFileName(program)} for a local PostgreSQL failed: {(await output).Trim()} {(await error).Trim()}");
        }
    }
}
