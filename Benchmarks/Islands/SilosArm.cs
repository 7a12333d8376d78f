using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Orleans;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>
/// One silo for each peer, in processes of their own on a throw-away PostgreSQL, all on loopback. What the database and this process take counts too:
/// they are the last two of <see cref="Use"/>. All of them end with this process.
/// </summary>
internal sealed class SilosArm : IPeersArm
{
    /// <summary>Its name.</summary>
    public const string Title = "processes";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly List<Process> _silos = [];
    private readonly TimeSpan _before = Environment.CpuUsage.TotalTime;
    private LocalPostgres? _postgres;
    private ClusterConnection? _connection;

    private SilosArm()
    {
    }

    /// <inheritdoc/>
    public string Name => Title;

    /// <inheritdoc/>
    public string Words => string.Create(CultureInfo.InvariantCulture, $"{PeersBenchmark.Peers} silos with a process and a peer each, PostgreSQL, and the client");

    /// <inheritdoc/>
    public IGrainFactory Grains => _connection!.Client;

    /// <inheritdoc/>
    public int Silos => _silos.Count;

    /// <inheritdoc/>
    public string Folder { get; } = Directory.CreateTempSubdirectory("ddm-benchmark-").FullName;

    /// <summary>Starts all and returns when every silo is active.</summary>
    /// <exception cref="InvalidOperationException">A silo ends, or they take too long.</exception>
    /// <exception cref="ClusterUnreachableException">PostgreSQL is not installed.</exception>
    public static async Task<SilosArm> StartAsync(CancellationToken cancellation)
    {
        var arm = new SilosArm();
        try
        {
            arm._postgres = await LocalPostgres.StartAsync(guarded: true, cancellation: cancellation);
            string connection = arm._postgres.ConnectionString;
            await PostgresSchema.InstallAsync(connection, cancellation);
            for (int i = 1; i <= PeersBenchmark.Peers; i++)
            {
                arm._silos.Add(Start(string.Create(CultureInfo.InvariantCulture, $"silo-{i:00}"), connection, arm.Folder));
            }

            foreach (Process silo in arm._silos)
            {
                await AnswerAsync(silo).WaitAsync(StartLimit, cancellation);
            }

            arm._connection = await ClusterConnection.ToClusterAsync(connection, cancellation);
            return arm;
        }
        catch
        {
            await arm.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<PeersUse> Use()
    {
        foreach (Process silo in _silos)
        {
            silo.StandardInput.WriteLine();
            silo.StandardInput.Flush();
        }

        return
        [
            .. _silos.Select(s => AnswerAsync(s).GetAwaiter().GetResult()),
            new PeersUse(TreeSeconds(_postgres!.Server.Process.ProcessId), 0, 0, 0),
            new PeersUse((Environment.CpuUsage.TotalTime - _before).TotalSeconds, 0, 0, 0),
        ];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _silos.ForEach(s => s.StandardInput.Close());
        foreach (Process silo in _silos)
        {
            if (!silo.WaitForExit(2 * PeerSilo.EndLimit))
            {
                silo.Kill();
                silo.WaitForExit();
            }

            silo.Dispose();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private static Process Start(string name, string connection, string folder)
    {
        // This program again, whether it was started by its own name or as a library of dotnet.
        string own = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(own) == "dotnet" ? [Environment.GetCommandLineArgs()[0], PeerSilo.Command] : [PeerSilo.Command];
        return Process.Start(new ProcessStartInfo(own, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { [PeerSilo.Connection] = connection, [PeerSilo.Name] = name, [PeerSilo.Folder] = folder },
        })!;
    }

    private static async Task<PeersUse> AnswerAsync(Process silo) => JsonSerializer.Deserialize<PeersUse>(
        await silo.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"Silo process {silo.Id} ended early; its error is above."))!;

    // Processor seconds of a process, its children, and those of them that have ended.
    private static double TreeSeconds(int root)
    {
        const double TicksPerSecond = 100;
        double ticks = 0;
        foreach (int id in Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), out int id) ? id : 0).Where(id => id > 0))
        {
            try
            {
                // Behind the name, which may contain anything: state, parent, ..., own user and system time, those of children that were waited for.
                string line = File.ReadAllText($"/proc/{id}/stat");
                long[] numbers = [.. line[(line.LastIndexOf(')') + 4)..].Split(' ').Take(14).Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
                ticks += id == root ? numbers[10..14].Sum() : numbers[0] == root ? numbers[10] + numbers[11] : 0;
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return ticks / TicksPerSecond;
    }
}
