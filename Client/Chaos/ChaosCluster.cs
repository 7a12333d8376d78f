using System.Diagnostics;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;
using OrleansDDM.Silos.Local.Faults;

namespace OrleansDDM.Client.Chaos;

/// <summary>
/// A local cluster to do harm to. Like a service manager it starts silos again that have ended, unless they are kept down.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, FaultPlan> _faults = [];
    private readonly Lock _lock = new();
    private readonly HashSet<string> _down = [];
    private readonly List<string> _complaints = [];
    private readonly string _faultsFolder;
    private Task _supervising = Task.CompletedTask;
    private ClusterConnection? _connection;
    private string[] _through = [];

    /// <summary>A cluster that runs; nobody supervises it.</summary>
    internal ChaosCluster(string folder, string faults, LocalClusterFile file)
    {
        (Folder, _faultsFolder, ConnectionString) = (folder, faults, file.ConnectionString);
        Silos = [.. file.Silos.Select(s => s.Name)];
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Its database.</summary>
    public string ConnectionString { get; }

    /// <summary>Names of its silos.</summary>
    public IReadOnlyList<string> Silos { get; }

    /// <summary>Takes what went wrong since the last call while silos were started again.</summary>
    public string[] TakeComplaints()
    {
        lock (_lock)
        {
            string[] taken = [.. _complaints];
            _complaints.Clear();
            return taken;
        }
    }

    /// <summary>Starts a cluster with a throw-away database.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="silos">Number of silos.</param>
    /// <param name="settings">Settings of the silos beyond its own.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ChaosCluster> StartAsync(string folder, int silos, IReadOnlyDictionary<string, string> settings, CancellationToken cancellation)
    {
        string faults = Path.Combine(folder, "faults");
        LocalClusterFile file = await LocalCluster.UpAsync(
            new LocalClusterOptions
            {
                Folder = folder,
                Silos = silos,
                Settings = new Dictionary<string, string>(settings) { ["DDM__Faults__Folder"] = faults },
            },
            cancellation);
        var cluster = new ChaosCluster(folder, faults, file);
        cluster._supervising = Task.Run(() => cluster.SuperviseAsync(cluster._stop.Token), CancellationToken.None);
        return cluster;
    }

    /// <summary>Changes what fails in a silo.</summary>
    public void Fault(string silo, Func<FaultPlan, FaultPlan> change)
    {
        lock (_lock)
        {
            FaultSwitch.Write(_faultsFolder, silo, _faults[silo] = change(_faults.GetValueOrDefault(silo) ?? new FaultPlan()));
        }
    }

    /// <summary>Changes what fails in all silos.</summary>
    public void FaultAll(Func<FaultPlan, FaultPlan> change)
    {
        foreach (string silo in Silos)
        {
            Fault(silo, change);
        }
    }

    /// <summary>Kills silos as kill -9 does, and keeps them down until <see cref="Release"/>.</summary>
    public void Kill(params IEnumerable<string> silos)
    {
        LocalSilo[] victims;
        lock (_lock)
        {
            _down.UnionWith(silos);
            victims = [.. Read().Silos.Where(s => _down.Contains(s.Name))];
        }

        foreach (LocalSilo victim in victims)
        {
            victim.Process.Signal("KILL");
        }
    }

    /// <summary>Sends a signal to a silo.</summary>
    public void Signal(string silo, string signal) => Read().Silos.Single(s => s.Name == silo).Process.Signal(signal);

    /// <summary>Lets silos be started again.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _down.Clear();
        }
    }

    /// <summary>Ends what a trial that failed half-way has left: silos that are kept down, faults that are played, a client of some of the silos.</summary>
    public void Recover()
    {
        FaultAll(f => new FaultPlan { StepMilliseconds = f.StepMilliseconds });
        Release();
        AskThrough(null);
    }

    /// <summary>From now on the cluster is asked through these silos only; null = through all.</summary>
    public void AskThrough(IEnumerable<string>? silos)
    {
        _through = [.. silos ?? []];
        _ = DisconnectAsync();
    }

    /// <summary>The state of a run; null = nobody could tell in time.</summary>
    public async Task<RunStatus?> StatusAsync(string run, CancellationToken cancellation)
    {
        try
        {
            IGrainFactory grains = await GrainsAsync(cancellation);
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            late.CancelAfter(AnswerLimit);
            return await grains.GetGrain<IRunGrain>(GrainKeys.Run(run)).GetStatusAsync(late.Token).WaitAsync(late.Token);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not OutOfMemoryException)
        {
            await DisconnectAsync();
            return null;
        }
    }

    /// <summary>A client of the cluster.</summary>
    public async Task<IGrainFactory> GrainsAsync(CancellationToken cancellation)
    {
        _connection ??= _through.Length == 0
            ? await ClusterConnection.ToClusterAsync(ConnectionString, cancellation)
            : await ClusterConnection.ToSilosAsync(ConnectionString, _through, cancellation);
        return _connection.Client;
    }

    /// <summary>Whether all silos are active and nobody else is.</summary>
    public async Task<bool> IsWholeAsync(CancellationToken cancellation)
    {
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(ConnectionString, cancellation);
        return Read().Silos.All(s => s.Process.IsAlive()) && members.Count(m => m.Status == "Active") == Silos.Count;
    }

    /// <summary>Waits until something holds.</summary>
    /// <exception cref="TimeoutException">It does not in time.</exception>
    public static async Task UntilAsync(string what, TimeSpan limit, Func<Task<bool>> holds, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"{what}: not within {limit.TotalSeconds:0} s.");
            }

            await Task.Delay(Look, cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _supervising.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisconnectAsync();
        await LocalCluster.DownAsync(Folder);
        _stop.Dispose();
    }

    private LocalClusterFile Read() => LocalClusterFile.Read(Folder) ?? throw new InvalidOperationException("The cluster's file is gone.");

    private async Task DisconnectAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is { } old)
        {
            // A client whose gateway does not answer takes its time to go; nobody needs to wait for it.
            _ = Task.Run(async () => await old.DisposeAsync());
        }

        await Task.CompletedTask;
    }

    /// <summary>The silos that have ended and shall run; what keeps them from being known is a complaint, once.</summary>
    internal string[] Ended()
    {
        lock (_lock)
        {
            try
            {
                return [.. Read().Silos.Where(s => !_down.Contains(s.Name) && !s.Process.IsAlive()).Select(s => s.Name)];
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                if (!_complaints.Contains(e.Message))
                {
                    _complaints.Add(e.Message);
                }

                return [];
            }
        }
    }

    private async Task SuperviseAsync(CancellationToken stop)
    {
        var starting = new Dictionary<string, Task>();
        while (!stop.IsCancellationRequested)
        {
            foreach (string silo in Ended().Where(s => !starting.TryGetValue(s, out Task? task) || task.IsCompleted))
            {
                starting[silo] = StartAgainAsync(silo, stop);
            }

            await Task.Delay(Look, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(starting.Values);
    }

    private async Task StartAgainAsync(string silo, CancellationToken stop)
    {
        try
        {
            await LocalCluster.StartAgainAsync(Folder, silo, stop);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            lock (_lock)
            {
                if (!_down.Contains(silo) && !stop.IsCancellationRequested)
                {
                    _complaints.Add(e.Message);
                }
            }
        }
    }
}
