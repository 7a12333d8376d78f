using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Silos in this process, each with a folder of its own, over one database.</summary>
internal sealed class ArtifactCluster : IAsyncDisposable, IArtifactRoots
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RunFolder _folder = new();
    private readonly string _database;

    private ArtifactCluster(FakeRuntime runtime, int silos, Action<ArtifactOptions>? artifacts)
    {
        Runtime = runtime;
        _database = _folder.File("state.db");
        SqliteSchema.Install(_database, NullLogger.Instance);
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services.AddSingleton<ILearningRuntime>(runtime);
            silo.Services.AddSingleton<IArtifactRoots>(this);
            silo.Services.AddSingleton<IFileLayer>(Disk(options.SiloName));
            silo.Services.Configure<RunOptions>(o => o.PollPeriod = TimeSpan.FromMilliseconds(200));
            silo.AddAdoNetGrainStorage(StorageNames.Provider, o =>
            {
                o.Invariant = "System.Data.SQLite";
                o.ConnectionString = SqliteSchema.ConnectionString(_database);
                o.DeleteStateOnClear = true;
            });
            silo.AddDdmGrains(
                FolderOf(options.SiloName),
                devices => (devices.Slots, devices.Slice) = (2, TimeSpan.FromMilliseconds(50)),
                artifacts);
        });
        builder.ConfigureSiloHost((_, host) => host.Logging.ClearProviders());
        Cluster = builder.Build();
    }

    public InProcessTestCluster Cluster { get; }

    public FakeRuntime Runtime { get; }

    public Dictionary<string, FailingFiles> Disks { get; } = [];

    public IArtifactsGrain Artifacts => Cluster.Client.GetGrain<IArtifactsGrain>(GrainKeys.Artifacts);

    public static async Task<ArtifactCluster> StartAsync(FakeRuntime runtime, int silos = 3, Action<ArtifactOptions>? artifacts = null)
    {
        var cluster = new ArtifactCluster(runtime, silos, artifacts);
        await cluster.Cluster.DeployAsync();
        return cluster;
    }

    public static RunSpec Spec(string name = "r") => new()
    {
        Name = name,
        Seed = 7,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    public IRunGrain Run(string name = "r") => Cluster.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    public T Service<T>(InProcessSiloHandle silo)
        where T : notnull => Cluster.GetSiloServiceProvider(silo.SiloAddress).GetRequiredService<T>();

    public string FolderOf(string silo) => _folder.File(silo);

    public string PathOf(string silo, ArtifactReference reference) => Path.Combine(FolderOf(silo), "artifacts", reference.Sha256[..2], reference.Sha256);

    /// <summary>The silos whose folder has an artifact.</summary>
    public InProcessSiloHandle[] Holders(ArtifactReference reference) => [.. Cluster.Silos.Where(s => File.Exists(PathOf(s.Name, reference)))];

    /// <summary>All files of artifacts in a silo's folder.</summary>
    public string[] Held(string silo) =>
        [.. Directory.EnumerateFiles(Path.Combine(FolderOf(silo), "artifacts"), "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!)];

    public Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds, string name = "r", [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until.SeenAsync<RunStatus>(async () => await Run(name).GetStatusAsync(), holds, Patience, what);

    public static Task UntilAsync(Func<Task<bool>> holds, string what) => Until.HoldsAsync(holds, Patience, what);

    public async Task<RunStatus> TrainAsync(string name = "r")
    {
        await Run(name).SubmitAsync(SpecJson.Write(Spec(name)));
        return await UntilAsync(s => s.Phase == RunPhase.Ready, name);
    }

    public static ArtifactReference[] Referred(RunStatus status) =>
        [.. status.Models.SelectMany(m => m.Checkpoints.Append(m.Best).OfType<CheckpointReference>().Select(c => c.Artifact).Append(m.Weights)).OfType<ArtifactReference>().Distinct()];

    public Task<IReadOnlySet<string>?> ReadAsync(CancellationToken cancellation)
    {
        HashSet<string> names = [];
        using var connection = new SqliteConnection(SqliteSchema.ConnectionString(_database));
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT PayloadBinary FROM GrainState WHERE PayloadBinary IS NOT NULL";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            ArtifactNamesIn.Add(reader.GetFieldValue<byte[]>(0), names);
        }

        return Task.FromResult<IReadOnlySet<string>?>(names);
    }

    public long Rows()
    {
        using var connection = new SqliteConnection(SqliteSchema.ConnectionString(_database));
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM GrainState";
        return (long)command.ExecuteScalar()!;
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        SqliteSchema.Close(_database);
        _folder.Dispose();
    }

    private FailingFiles Disk(string silo)
    {
        lock (Disks)
        {
            return Disks.TryGetValue(silo, out FailingFiles? disk) ? disk : Disks[silo] = new FailingFiles();
        }
    }
}
