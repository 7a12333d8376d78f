using System.Net;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using Orleans.Configuration;
using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Devices;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local.Faults;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Cluster;

/// <summary>A silo of a cluster: membership, grain state and reminders in PostgreSQL, artifacts in a folder of its own.</summary>
public sealed class ClusterSilo : IAsyncDisposable
{
    private const string Invariant = "Npgsql";
    private const int PortAttempts = 8;

    private readonly IHost _host;
    private readonly SiloNameLock _name;
    private readonly TimeSpan _stopLimit;
    private readonly TaskCompletionSource _draining = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopped;

    private ClusterSilo(IHost host, SiloNameLock name, SiloInfo info, TimeSpan stopLimit)
    {
        _host = host;
        _name = name;
        _stopLimit = stopLimit;
        Info = info;
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(_draining.SetResult);
    }

    /// <summary>Who it is and where it can be reached.</summary>
    public SiloInfo Info { get; }

    /// <summary>A client in the silo itself.</summary>
    public IClusterClient Client => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>Completes when somebody asks the silo to leave: see <see cref="Contracts.Clusters.IClusterGrain.DrainAsync"/>.</summary>
    public Task Draining => _draining.Task;

    /// <summary>Completes with the reason when it cannot go on, e.g. because the others took it for dead.</summary>
    public Task<string> Failed => _host.Services.GetRequiredService<FatalErrors>().Fatal;

    /// <summary>The silo's services, for tests.</summary>
    internal IServiceProvider Services => _host.Services;

    /// <summary>Checks the database's schema, starts a silo and returns when it is active.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="learning">What trains and predicts. The caller owns it and disposes it after the silo.</param>
    /// <param name="cancellation">Gives up the start.</param>
    /// <exception cref="SchemaException">The database has no schema, an old one or a newer one.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    /// <exception cref="SecurityException">A key or certificate cannot be used, or the silos of the cluster do not accept it.</exception>
    /// <exception cref="ConfigurationException">It has not the device that it shall compute on, another silo of the cluster has its name, its folder belongs to another database, or the other silos cannot
    /// reach its address.</exception>
    public static async Task<ClusterSilo> StartAsync(ClusterSiloOptions options, ILearningRuntime learning, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(learning);
        options.WebUrl?.RequireFree();

        // Loads libtorch meanwhile.
        Task<DeviceFacts>? looking = options.Name is null ? null : LookAsync(options.Name);
        await PostgresSchema.RequireAsync(options.Connection, cancellation);
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(options.Connection, cancellation);
        DateTimeOffset now = await ClusterMembers.NowAsync(options.Connection, cancellation);
        JoinChecks.RefuseSplit(options, members, now);
        await JoinChecks.RequireTrustAsync(options, members, now, TimeProvider.System, cancellation);
        options = options with { Security = await WithRevocationsAsync(options, cancellation) };
        SiloNameLock name = SiloNameLock.Take(options.Folder, options.Name);
        try
        {
            await JoinChecks.RequireOwnNameAsync(options, name.Name, members, now, cancellation);
            await ClusterIdentity.BindAsync(options.Connection, FolderOf(options, name.Name), cancellation);
            for (int attempt = 1; ; attempt++)
            {
                SiloInfo info = Place(options, name.Name);
                DeviceFacts facts = await (looking ??= LookAsync(name.Name)).WaitAsync(cancellation);
                IHost host = SiloHost.Build(Plan(options, learning, facts, info, cancellation));
                try
                {
                    await host.StartAsync(cancellation);
                    return new ClusterSilo(host, name, info with { HttpUrl = WebUrl.Of(host) }, options.StopLimit);
                }
                catch (Exception e)
                {
                    host.Dispose();
                    if (!FreePorts.IsTaken(e))
                    {
                        throw;
                    }

                    if (options is { Port: > 0, GatewayPort: > 0 } || attempt == PortAttempts)
                    {
                        throw new ConfigurationException($"Another process listens on {info.Silo} or {info.Gateway}. Choose another Silo:Port or Silo:GatewayPort.");
                    }
                }
            }
        }
        catch
        {
            name.Dispose();
            throw;
        }

        Task<DeviceFacts> LookAsync(string silo) => options.Device.ReadAsync(learning, options.ThreadsPerSlot, FolderOf(options, silo));
    }

    /// <summary>Stops in good order: models in training write a last checkpoint and the silo leaves the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        using var late = new CancellationTokenSource(_stopLimit);
        try
        {
            await _host.StopAsync(late.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            // Time is up; what is not done is left to the checkpoints.
        }
        finally
        {
            await ((IAsyncDisposable)_host).DisposeAsync();
            _name.Dispose();
        }
    }

    // Before anybody can call: a token that was revoked while no silo ran must not be let in.
    private static async Task<SecurityPlan> WithRevocationsAsync(ClusterSiloOptions options, CancellationToken cancellation)
    {
        var revocations = new TokenRevocations();
        if (options.Security.TokenKeys.Count > 0)
        {
            revocations.Set(await RevocationTable.ReadAsync(options.Connection, cancellation));
        }

        return options.Security with { Revocations = revocations };
    }

    private static SiloInfo Place(ClusterSiloOptions options, string name)
    {
        (int silo, int gateway) = FreePorts.Two();
        return new SiloInfo(
            name,
            Environment.ProcessId,
            new IPEndPoint(options.Address, options.Port > 0 ? options.Port : silo).ToString(),
            new IPEndPoint(options.Address, options.GatewayPort > 0 ? options.GatewayPort : gateway).ToString(),
            HttpUrl: null);
    }

    private static string FolderOf(ClusterSiloOptions options, string name) => Path.Combine(options.Folder, name);

    private static SiloPlan Plan(ClusterSiloOptions options, ILearningRuntime learning, DeviceFacts facts, SiloInfo info, CancellationToken givenUp)
    {
        FaultSwitch? faults = options.FaultsFolder is { } folder ? new FaultSwitch(folder, info.Name) : null;
        return Plan(options, faults is null ? learning : new PacedLearning(learning, faults), facts, info, faults) with
        {
            GivenUp = givenUp,
            Clock = faults is null ? TimeProvider.System : new ShiftedClock(faults, TimeProvider.System),
        };
    }

    private static SiloPlan Plan(ClusterSiloOptions options, ILearningRuntime learning, DeviceFacts facts, SiloInfo info, FaultSwitch? faults) => new()
    {
        Folder = FolderOf(options, info.Name),
        Artifacts = artifacts =>
        {
            artifacts.Replicas = options.Replicas;
            artifacts.WaitForHolder = options.WaitForHolder;
        },
        Learning = learning,
        Database = new PostgresState(options.Connection),
        WebUrl = options.WebUrl,
        WebCertificate = options.WebCertificate,
        WebConnections = options.WebConnections,
        ExpectedSilos = options.ExpectedSilos,
        LogLevel = options.LogLevel,
        LogAsJson = options.LogAsJson,
        LogTimes = true,
        StopLimit = options.StopLimit,
        Security = options.Security with
        {
            Audit = options.Security.Audit with { Path = Path.Combine(options.Folder, "audit", info.Name + ".jsonl"), Silo = info.Name },
        },
        Devices = devices =>
        {
            devices.Facts = facts;
            devices.Slots = options.Slots ?? DeviceChoice.SlotsOf(facts);
            devices.ThreadsPerSlot = options.ThreadsPerSlot;
            devices.Slice = options.Slice;
        },
        Hosting = silo =>
        {
            IPEndPoint inner = IPEndPoint.Parse(info.Silo);
            IPEndPoint outer = IPEndPoint.Parse(info.Gateway);
            string connection = ClusterDatabase.Parse(options.Connection).ConnectionString;
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (SiloHost.ClusterId, SiloHost.ServiceId))
                .Configure<SiloOptions>(o => o.SiloName = info.Name)
                .Configure<EndpointOptions>(o =>
                {
                    o.AdvertisedIPAddress = inner.Address;
                    (o.SiloPort, o.GatewayPort) = (inner.Port, outer.Port);
                    (o.SiloListeningEndpoint, o.GatewayListeningEndpoint) = (inner, outer);
                })
                .Configure<ClusterMembershipOptions>(options.Failures.Apply)
                .UseRecoveredDirectory()
                .UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (Invariant, connection))
                .UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = (Invariant, connection))
                .AddAdoNetGrainStorage(StorageNames.Provider, o => (o.Invariant, o.ConnectionString, o.DeleteStateOnClear) = (Invariant, connection, true));
            silo.Services.Configure<RunOptions>(o => o.WaitForData = o.Remind = true);
            silo.Services.AddSingleton<FatalErrors>().AddSingleton<IFatalErrorHandler>(s => s.GetRequiredService<FatalErrors>()).AddSingleton<CrashWatch>();
            if (options.Failures.RefusedIsDead)
            {
                silo.Services.AddOptions<SiloConnectionOptions>().Configure<CrashWatch>((o, watch) => watch.Apply(o));
                silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(s => s.GetRequiredService<CrashWatch>());
            }

            if (faults is not null)
            {
                // Asked for by the options, so that it ends with the silo.
                silo.Services.AddOptions<SiloConnectionOptions>().Configure<FaultSwitch>(CutConnections.Apply);
                silo.Services.AddSingleton(_ => faults).AddSingleton<IFileLayer>(_ => new FullDisk(new DiskFiles(), faults));
            }

            if (options.Security.TokenKeys.Count > 0)
            {
                silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RevocationWatch>();
            }

            silo.Services.AddSingleton(options).AddSingleton<IArtifactRoots, PostgresArtifactRoots>().AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RunKeeper>();
        },
    };
}
