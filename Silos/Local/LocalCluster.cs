using System.Globalization;

using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Local;

/// <summary>A cluster of silo processes on this machine, which goes on after the program that started it.</summary>
public static class LocalCluster
{
    private const int MostSilos = 64;
    private const string DatabaseFolder = "postgres";
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(45);
    private static readonly Lock Writing = new();

    /// <summary>
    /// Starts silos, and a database if none is named, and returns when all of them are active. Where all silos of the folder have ended
    /// without <see cref="DownAsync(string, CancellationToken)"/>, they go on with the database that they had. If a silo fails, all end.
    /// </summary>
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

        LocalClusterFile? known = LocalClusterFile.Read(folder);
        if (known?.Silos.Any(s => s.Process.IsAlive()) == true)
        {
            throw new ConfigurationException($"A cluster runs in '{folder}' already. End it first: ddm cluster down, or choose another --folder.");
        }

        if (known is not null && options.Connection is { } other && other != known.ConnectionString)
        {
            throw new ConfigurationException($"The silos of '{folder}' have another database. Leave --cluster out to go on with it, or give it up first: ddm cluster down.");
        }

        if (options.Connection is not null)
        {
            await PostgresSchema.RequireAsync(options.Connection, cancellation);
        }

        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        LocalClusterFile file = known is null ? await CreateAsync(folder, options.Connection, cancellation) : await WithDatabaseAsync(known, cancellation);
        file.Write(folder);
        try
        {
            file = file with { Settings = options.Settings };
            if (file.Postgres is { } server)
            {
                await PostgresSchema.InstallAsync(file.ConnectionString, cancellation);
                file = file with { Postgres = server with { Cluster = await ClusterIdentity.ReadAsync(file.ConnectionString, cancellation) } };
            }

            LocalSiloStart[] starts = [.. Enumerable.Range(1, options.Silos).Select(i => LocalSiloStart.Begin(folder, NameOf(i), file, options.Silos))];
            file = file with { Silos = [.. starts.Select(s => s.Silo)] };
            file.Write(folder);
            file = file with { Silos = await Task.WhenAll(starts.Select(s => s.ReadyAsync(cancellation))) };
            file.Write(folder);
            return file;
        }
        catch
        {
            await EndSilosAsync(LocalClusterFile.Read(folder) ?? file, TimeSpan.Zero, CancellationToken.None);
            if (known is null)
            {
                await DownAsync(folder, TimeSpan.Zero, CancellationToken.None);
            }

            throw;
        }
    }

    /// <summary>
    /// Ends the silos of a folder in good order, so that they write checkpoints and leave. A throw-away database is deleted, and with it the
    /// artifacts that only it knows.
    /// </summary>
    /// <returns>What ran; null = nothing.</returns>
    public static Task<LocalClusterFile?> DownAsync(string folder, CancellationToken cancellation = default) =>
        DownAsync(Path.GetFullPath(folder), DrainLimit, cancellation);

    /// <summary>Starts a silo of the folder again that has ended, and returns when it is active.</summary>
    /// <exception cref="ConfigurationException">Nothing was started there, no silo has the name, or it runs.</exception>
    /// <exception cref="ClusterUnreachableException">It does not become active.</exception>
    public static async Task<LocalSilo> StartAgainAsync(string folder, string name, CancellationToken cancellation = default)
    {
        folder = Path.GetFullPath(folder);
        LocalClusterFile file = Open(folder);
        if (file.Silos.FirstOrDefault(s => s.Name == name) is not { } silo || silo.Process.IsAlive())
        {
            throw new ConfigurationException($"'{name}' is no silo of '{folder}' that has ended. Its silos are {string.Join(", ", file.Silos.Select(s => s.Name))}.");
        }

        LocalSiloStart start = LocalSiloStart.Begin(folder, name, file, file.Silos.Count);
        Replace(folder, start.Silo);
        LocalSilo ready = await start.ReadyAsync(cancellation);
        Replace(folder, ready);
        return ready;
    }

    /// <summary>Ends the throw-away database of a folder in good order; its data stays.</summary>
    public static void StopDatabase(string folder)
    {
        LocalServer server = ServerOf(Open(Path.GetFullPath(folder)));
        LocalPostgres.Halt(server);
    }

    /// <summary>Starts the throw-away database of a folder again, if it has ended.</summary>
    /// <exception cref="ClusterUnreachableException">It does not start.</exception>
    public static async Task StartDatabaseAsync(string folder, CancellationToken cancellation = default)
    {
        folder = Path.GetFullPath(folder);
        LocalClusterFile file = Open(folder);
        _ = ServerOf(file);
        (await WithDatabaseAsync(file, cancellation)).Write(folder);
    }

    /// <summary>Where the log of a silo is; each start goes on with it.</summary>
    public static string LogOf(string folder, string silo) => Path.Combine(folder, "logs", silo + ".log");

    private static async Task<LocalClusterFile> CreateAsync(string folder, string? connection, CancellationToken cancellation)
    {
        LocalPostgres? postgres = connection is null ? await LocalPostgres.StartAsync(guarded: false, Path.Combine(folder, DatabaseFolder), cancellation) : null;
        return new LocalClusterFile(connection ?? postgres!.ConnectionString, [], postgres?.Server);
    }

    private static async Task<LocalClusterFile> WithDatabaseAsync(LocalClusterFile file, CancellationToken cancellation)
    {
        if (file.Postgres is not { } server || server.Process.IsAlive())
        {
            return file;
        }

        int port = new NpgsqlConnectionStringBuilder(file.ConnectionString).Port;
        return file with { Postgres = await LocalPostgres.StartAgainAsync(server, port, cancellation) };
    }

    private static async Task<LocalClusterFile?> DownAsync(string folder, TimeSpan limit, CancellationToken cancellation)
    {
        if (LocalClusterFile.Read(folder) is not { } file)
        {
            return null;
        }

        await EndSilosAsync(file, limit, cancellation);
        if (file.Postgres is { } server)
        {
            LocalPostgres.Stop(server);

            // Without their database nobody knows what these artifacts are.
            foreach (string artifacts in Directory.GetDirectories(folder).Where(f => server.Cluster is { } id && ClusterIdentity.Belongs(f, id)))
            {
                Directory.Delete(artifacts, recursive: true);
            }
        }

        LocalClusterFile.Delete(folder);
        return file;
    }

    private static async Task EndSilosAsync(LocalClusterFile file, TimeSpan limit, CancellationToken cancellation)
    {
        foreach (LocalSilo silo in file.Silos)
        {
            silo.Process.Signal("TERM");

            // One that is stopped hears nothing else.
            silo.Process.Signal("CONT");
        }

        await Task.WhenAll(file.Silos.Select(async silo =>
        {
            if (!await silo.Process.EndedAsync(limit, cancellation))
            {
                silo.Process.Signal("KILL");
                await silo.Process.EndedAsync(DrainLimit, cancellation);
            }
        }));
    }

    private static LocalClusterFile Open(string folder) =>
        LocalClusterFile.Read(folder) ?? throw new ConfigurationException($"No cluster was started in '{folder}'. Start one: ddm cluster up.");

    private static LocalServer ServerOf(LocalClusterFile file) =>
        file.Postgres ?? throw new ConfigurationException("The cluster's database is not a throw-away one; it is left alone.");

    private static void Replace(string folder, LocalSilo silo)
    {
        lock (Writing)
        {
            LocalClusterFile file = Open(folder);
            (file with { Silos = [.. file.Silos.Select(s => s.Name == silo.Name ? silo : s)] }).Write(folder);
        }
    }

    private static string NameOf(int silo) => "silo-" + silo.ToString(CultureInfo.InvariantCulture);
}
