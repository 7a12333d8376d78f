using System.Collections.Concurrent;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Hosting;
using Orleans.TestingHost;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

/// <summary>Silos in this process that say they have devices which they have not; learning needs none.</summary>
internal sealed class DeviceCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RunFolder _folder = new();
    private readonly string _database;
    private readonly Queue<DeviceFacts> _coming;
    private readonly Lock _lock = new();

    private DeviceCluster(DeviceFacts[] silos, int slots)
    {
        _coming = new Queue<DeviceFacts>(silos);
        _database = _folder.File("state.db");
        SqliteSchema.Install(_database, NullLogger.Instance);
        var builder = new InProcessTestClusterBuilder((short)silos.Length);
        builder.ConfigureSilo((options, silo) =>
        {
            DeviceFacts facts;
            lock (_lock)
            {
                facts = _coming.Dequeue();
                Runtimes[options.SiloName] = new FakeRuntime { BeforeStep = (role, step, stop) => BeforeStep(role, step, stop) };
                Facts[options.SiloName] = facts;
            }

            silo.Services.AddSingleton<ILearningRuntime>(Runtimes[options.SiloName]);
            silo.Services.Configure<RunOptions>(o =>
            {
                o.PollPeriod = TimeSpan.FromMilliseconds(200);
                o.SearchPeriod = TimeSpan.FromMilliseconds(500);
                o.WaitForData = true;
            });
            silo.AddAdoNetGrainStorage(StorageNames.Provider, o =>
            {
                o.Invariant = "System.Data.SQLite";
                o.ConnectionString = SqliteSchema.ConnectionString(_database);
                o.DeleteStateOnClear = true;
            });
            silo.AddDdmGrains(
                _folder.File(options.SiloName),
                devices => (devices.Slots, devices.Slice, devices.Facts) = (slots, TimeSpan.FromMilliseconds(50), facts));
        });
        builder.ConfigureSiloHost((_, host) => host.Logging.ClearProviders().AddProvider(new OurLog(LogLevel.Warning, Log.Enqueue)));
        Cluster = builder.Build();
    }

    public InProcessTestCluster Cluster { get; }

    public ConcurrentDictionary<string, FakeRuntime> Runtimes { get; } = new();

    public ConcurrentDictionary<string, DeviceFacts> Facts { get; } = new();

    /// <summary>What silos have logged as warnings and errors.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Called on a slot before each step of any model.</summary>
    public Func<ModelRole, int, CancellationToken, bool> BeforeStep { get; set; } = (_, _, _) => true;

    public static DeviceFacts Cpu(double gflops = 50, int gibibytes = 16) => new("cpu", $"a processor of {gflops}", (long)gibibytes << 30, 2, gflops);

    public static DeviceFacts Card(double gflops = 5000, int gibibytes = 16) => new("cuda", $"a card of {gflops}", (long)gibibytes << 30, 8, gflops);

    public static async Task<DeviceCluster> StartAsync(DeviceFacts[] silos, int slots = 2)
    {
        var cluster = new DeviceCluster(silos, slots);
        await cluster.Cluster.DeployAsync();
        return cluster;
    }

    public static RunSpec Spec(string device, double gibibytes = 0) => new()
    {
        Name = "r",
        Seed = 7,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0, Device = device, DeviceMemory = gibibytes },
    };

    public IRunGrain Run() => Cluster.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));

    /// <summary>One more silo; returns its name.</summary>
    public async Task<string> JoinAsync(DeviceFacts facts)
    {
        lock (_lock)
        {
            _coming.Enqueue(facts);
        }

        return (await Cluster.StartAdditionalSiloAsync()).Name;
    }

    /// <summary>Name of the only silo with such facts.</summary>
    public string Named(DeviceFacts facts) => Facts.Single(f => f.Value == facts).Key;

    /// <summary>The models that a silo has opened for training.</summary>
    public string[] Opened(string silo)
    {
        FakeRuntime runtime = Runtimes[silo];
        lock (runtime.Opened)
        {
            return [.. runtime.Opened.Select(o => o.Role)];
        }
    }

    /// <summary>Lets models train up to a step and no further.</summary>
    public void HoldAt(int step) => BeforeStep = (_, at, stop) => at < step || (stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1)) && false);

    public void LetGo() => BeforeStep = (_, _, _) => true;

    public async Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds)
    {
        using var late = new CancellationTokenSource(Patience);
        while (true)
        {
            RunStatus status = await Run().GetStatusAsync(late.Token);
            if (holds(status))
            {
                return status;
            }

            Assert.False(late.IsCancellationRequested, status + string.Join('\n', status.Models.Select(m => m.ToString())) + string.Join('\n', Log));
            await Task.Delay(20);
        }
    }

    /// <summary>Trains to the end and checks the weights, bit by bit.</summary>
    public async Task<RunStatus> FinishAsync(RunSpec spec)
    {
        RunStatus end = await UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        Assert.Equal((RunPhase.Ready, (string?)null, (string?)null), (end.Phase, end.Message, end.Waiting));
        foreach (ModelStatus model in end.Models)
        {
            byte[] expected = FakeRuntime.ExpectedWeights(spec, ModelRole.Parse(model.Role));
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(expected)), model.Weights!.Sha256);
        }

        return end;
    }

    public async ValueTask DisposeAsync()
    {
        LetGo();
        await Cluster.DisposeAsync();
        SqliteSchema.Close(_database);
        _folder.Dispose();
    }
}
