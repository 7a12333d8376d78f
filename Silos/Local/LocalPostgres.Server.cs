using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Local;

/// <summary>The part of <see cref="LocalPostgres"/> that handles the server's processes.</summary>
public sealed partial class LocalPostgres
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    /// <summary>Ends a server at once and deletes its data.</summary>
    public static void Stop(LocalServer server)
    {
        ArgumentNullException.ThrowIfNull(server);

        // SIGQUIT: nothing is worth saving.
        Signal(server, "QUIT");
        if (Directory.Exists(server.Folder))
        {
            Directory.Delete(server.Folder, recursive: true);
        }
    }

    /// <summary>Ends a server in good order and keeps its data. Its clients lose their connections at once.</summary>
    /// <exception cref="ClusterUnreachableException">It does not end.</exception>
    public static void Halt(LocalServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        Signal(server, "INT");
        if (server.Process.IsAlive())
        {
            throw new ClusterUnreachableException($"The PostgreSQL of '{server.Folder}' (process {server.Process.ProcessId}) does not end.");
        }
    }

    /// <summary>Starts a server that has ended again on the data that it has kept, at the port it had.</summary>
    /// <param name="server">The server as it was.</param>
    /// <param name="port">Its port.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ClusterUnreachableException">Its data is gone, or it does not start.</exception>
    public static async Task<LocalServer> StartAgainAsync(LocalServer server, int port, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (Binaries is null || !Directory.Exists(DataOf(server.Folder)))
        {
            throw new ClusterUnreachableException(Binaries is null
                ? NotInstalled
                : $"The data of the throw-away PostgreSQL in '{server.Folder}' is gone, and with it all that the cluster knew. Give the cluster up: ddm cluster down, which deletes its silos' artifacts too. Then start a new one.");
        }

        if (ProcessIdOf(server.Folder) == server.Process.ProcessId && !server.Process.IsAlive())
        {
            // It was killed, and another process may have its id by now, which PostgreSQL would take for a server.
            File.Delete(ProcessFileOf(server.Folder));
        }

        await StartServerAsync(server.Folder, port, cancellation);
        return server with { Process = Started(server.Folder).Process };
    }

    private static string DataOf(string folder) => Path.Combine(folder, "data");

    private static string ProcessFileOf(string folder) => Path.Combine(DataOf(folder), "postmaster.pid");

    // Only right after a start: later the id in its file may be another process's.
    private static LocalServer ServerOf(string folder) => new(LocalProcess.Of(ProcessIdOf(folder) ?? 0), folder);

    private static LocalServer Started(string folder) => ServerOf(folder) is { } server && server.Process.IsAlive()
        ? server
        : throw new ClusterUnreachableException($"The PostgreSQL of '{folder}' ended right after its start.");

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static int? ProcessIdOf(string folder)
    {
        try
        {
            return int.TryParse(File.ReadLines(ProcessFileOf(folder)).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Signal(LocalServer server, string signal)
    {
        server.Process.Signal(signal);
        var clock = Stopwatch.StartNew();
        while (server.Process.IsAlive() && clock.Elapsed < EndLimit)
        {
            Thread.Sleep(10);
        }
    }

    private static async Task<int> StartServerAsync(string folder, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            (int port, _) = FreePorts.Two();
            try
            {
                await StartServerAsync(folder, port, cancellation);
                return port;
            }
            catch (ClusterUnreachableException) when (attempt < PortAttempts)
            {
                // Most likely another process took the port.
            }
        }
    }

    private static Task StartServerAsync(string folder, int port, CancellationToken cancellation)
    {
        string options = string.Create(
            CultureInfo.InvariantCulture,
            $"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=500 -c shared_buffers=32MB -c max_wal_size=64MB");
        string data = DataOf(folder);
        return RunAsServerAsync(folder, "pg_ctl", ["-D", data, "-l", Path.Combine(data, "server.log"), "-w", "-t", "30", "-o", options, "start"], cancellation);
    }

    // Outlives this process by a moment: its standard input ends with us, and then it ends the server, whichever process that is by then.
    private static Process Guard(string folder)
    {
        const string script = "trap '' INT TERM HUP; read -r _; kill -QUIT \"$(head -n 1 \"$1/data/postmaster.pid\" 2> /dev/null)\" 2> /dev/null; n=0; while [ -e \"$1/data/postmaster.pid\" ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done; rm -rf \"$1\"";
        return Process.Start(new ProcessStartInfo("sh", ["-c", script, "sh", folder])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;
    }

    private static Task RunAsServerAsync(string folder, string program, string[] arguments, CancellationToken cancellation)
    {
        string path = Path.Combine(Binaries!, program);
        return Environment.IsPrivilegedProcess
            ? RunAsync(folder, "runuser", ["-u", SystemUser, "--", path, .. arguments], StartLimit, cancellation)
            : RunAsync(folder, path, arguments, StartLimit, cancellation);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="ClusterUnreachableException">It fails, or takes too long.</exception>
    internal static async Task RunAsync(string folder, string program, string[] arguments, TimeSpan limit, CancellationToken cancellation)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(late.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(late.Token);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            throw new ClusterUnreachableException($"{Path.GetFileName(program)} for a local PostgreSQL has not ended within {limit.TotalSeconds:0} s.");
        }

        if (process.ExitCode != 0)
        {
            throw new ClusterUnreachableException($"{Path.GetFileName(program)} for a local PostgreSQL failed: {(await output).Trim()} {(await error).Trim()}");
        }
    }
}
