using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Local;

/// <summary>A cluster of silo processes on this machine, which goes on after the program that started it.</summary>
public static class LocalCluster
{
    private const int MostSilos = 64;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(45);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Starts silos, and a database if none is named, and returns when all of them are active. If one fails, all end.</summary>
    /// <exception cref="ConfigurationException">A cluster runs in the folder already, or a silo refuses its settings.</exception>
    /// <exception cref="SchemaException">The named database has no schema of this version.</exception>
    /// <exception cref="ClusterUnreachableException">The named database does not answer, or PostgreSQL is not installed.</exception>
    public static async Task<LocalClusterFile> UpAsync(LocalClusterOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string folder = Path.GetFullPath(options.Folder);
        if (options.Silos is < 1 or > MostSilos)
        {
            throw new ConfigurationException($"--silos is {options.Silos}; it must be in [1, {MostSilos}].");
        }

        if (LocalClusterFile.Read(folder) is { } running)
        {
            if (running.Silos.Any(s => s.Process.IsAlive()))
            {
                throw new ConfigurationException($"A cluster runs in '{folder}' already. End it first: ddm cluster down, or choose another --folder.");
            }

            await DownAsync(folder, cancellation);
        }

        if (options.Connection is not null)
        {
            await PostgresSchema.RequireAsync(options.Connection, cancellation);
        }

        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        LocalPostgres? postgres = options.Connection is null ? await LocalPostgres.StartAsync(guarded: false, cancellation) : null;
        var file = new LocalClusterFile(
            options.Connection ?? postgres!.ConnectionString, [], postgres is null ? null : new LocalServer(postgres.ProcessId, postgres.Folder));
        file.Write(folder);
        try
        {
            if (postgres is not null)
            {
                await PostgresSchema.InstallAsync(file.ConnectionString, cancellation);
            }

            Process[] processes = [.. Enumerable.Range(1, options.Silos).Select(i => Start(folder, file.ConnectionString, NameOf(i), options.Silos, options.Settings))];
            file = file with { Silos = [.. processes.Select((p, i) => new LocalSilo(NameOf(i + 1), LocalProcess.Of(p), null))] };
            file.Write(folder);
            SiloInfo[] ready = await Task.WhenAll(processes.Zip(file.Silos, (p, s) => ReadyAsync(p, folder, s.Name, cancellation)));
            file = file with { Silos = [.. file.Silos.Zip(ready, (s, r) => s with { HttpUrl = r.HttpUrl })] };
            file.Write(folder);
            return file;
        }
        catch
        {
            await DownAsync(folder, TimeSpan.Zero, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Ends the silos of a folder in good order, so that they write checkpoints and leave, then its throw-away database.</summary>
    /// <returns>What ran; null = nothing.</returns>
    public static Task<LocalClusterFile?> DownAsync(string folder, CancellationToken cancellation = default) =>
        DownAsync(Path.GetFullPath(folder), DrainLimit, cancellation);

    private static async Task<LocalClusterFile?> DownAsync(string folder, TimeSpan limit, CancellationToken cancellation)
    {
        if (LocalClusterFile.Read(folder) is not { } file)
        {
            return null;
        }

        foreach (LocalSilo silo in file.Silos)
        {
            silo.Process.Signal("TERM");
        }

        await Task.WhenAll(file.Silos.Select(async silo =>
        {
            if (!await silo.Process.EndedAsync(limit, cancellation))
            {
                silo.Process.Signal("KILL");
                await silo.Process.EndedAsync(DrainLimit, cancellation);
            }
        }));
        if (file.Postgres is { } server)
        {
            LocalPostgres.Stop(server.ProcessId, server.Folder);
        }

        LocalClusterFile.Delete(folder);
        return file;
    }

    private static string NameOf(int silo) => "silo-" + silo.ToString(CultureInfo.InvariantCulture);

    private static string OutputOf(string folder, string name) => Path.Combine(folder, "logs", name + ".out");

    private static string LogOf(string folder, string name) => Path.Combine(folder, "logs", name + ".log");

    /// <summary>Starts a silo in a session of its own, so that Ctrl+C in our terminal does not reach it, with its output in files.</summary>
    private static Process Start(string folder, string connection, string name, int silos, IReadOnlyDictionary<string, string> settings)
    {
        const string script = "out=$1 log=$2; shift 2; exec setsid \"$@\" > \"$out\" 2>> \"$log\" < /dev/null";
        string[] silo = [Dotnet(), Path.Combine(AppContext.BaseDirectory, "OrleansDDM.Silos.dll")];
        var start = new ProcessStartInfo("sh", ["-c", script, "sh", OutputOf(folder, name), LogOf(folder, name), .. silo]);
        foreach ((string key, string value) in settings)
        {
            start.Environment[key] = value;
        }

        // Not on the command line, which everybody on the machine can read.
        start.Environment["DDM__Cluster__Connection"] = connection;
        start.Environment["DDM__Silo__Name"] = name;
        start.Environment["DDM__Silo__Folder"] = folder;
        start.Environment["DDM__Web__Url"] = WebUrl.Local.ToString();
        start.Environment["DDM__Silo__ExpectedSilos"] = silos.ToString(CultureInfo.InvariantCulture);
        return Process.Start(start)!;
    }

    private static string Dotnet() =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private static async Task<SiloInfo> ReadyAsync(Process process, string folder, string name, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            bool ended = process.HasExited;
            string output = OutputOf(folder, name);
            if (File.Exists(output) && await File.ReadAllTextAsync(output, cancellation) is { } text && text.EndsWith('\n'))
            {
                return JsonSerializer.Deserialize<SiloInfo>(text, Json)!;
            }

            if (ended || clock.Elapsed > StartLimit)
            {
                string log = LogOf(folder, name);
                string last = File.Exists(log) ? File.ReadLines(log).LastOrDefault(l => l.Length > 0) ?? string.Empty : string.Empty;
                string how = ended ? $"ended with {process.ExitCode}" : "is not ready in time";
                string message = $"{name} {how}: {last} Its log is '{log}'.";
                throw process is { HasExited: true, ExitCode: 3 } ? new ConfigurationException(message) : new ClusterUnreachableException(message);
            }

            await Task.Delay(50, cancellation);
        }
    }
}
