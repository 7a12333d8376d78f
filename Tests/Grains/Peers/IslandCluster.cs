using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Hosting;
using Orleans.TestingHost;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Silos in this process over one database, each with a folder and learning of its own.</summary>
internal sealed class IslandCluster : IAsyncDisposable
{
    private readonly RunFolder _folder;

    private IslandCluster(RunFolder folder, InProcessTestCluster silos) => (_folder, Silos) = (folder, silos);

    /// <summary>The cluster behind it.</summary>
    public InProcessTestCluster Silos { get; }

    /// <summary>Names of its silos in ordinal order, which is that in which peers are spread over them.</summary>
    public string[] Names => [.. Silos.Silos.Select(s => s.Name).Order(StringComparer.Ordinal)];

    /// <summary>Starts it.</summary>
    /// <param name="folder">Database, and a folder for each silo.</param>
    /// <param name="silos">How many.</param>
    /// <param name="learning">Learning of a silo, by its name; asked again when it starts again.</param>
    /// <param name="slots">Slots of each.</param>
    /// <param name="configure">Settings of the runs.</param>
    /// <param name="log">Told every message of ours that silos log, from Information up.</param>
    public static async Task<IslandCluster> StartAsync(
        RunFolder folder, int silos, Func<string, ILearningRuntime> learning, int slots = 1, Action<RunOptions>? configure = null, Action<string>? log = null)
    {
        string database = folder.File("state.db");
        SqliteSchema.Install(database, NullLogger.Instance);
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services.AddSingleton(learning(options.SiloName));
            silo.Services.Configure<RunOptions>(o => configure?.Invoke(o));
            silo.AddAdoNetGrainStorage(StorageNames.Provider, o =>
            {
                o.Invariant = "System.Data.SQLite";
                o.ConnectionString = SqliteSchema.ConnectionString(database);
            });
            silo.AddDdmGrains(folder.File(options.SiloName), devices => (devices.Slots, devices.Slice) = (slots, TimeSpan.FromMilliseconds(50)));
        });
        builder.ConfigureSiloHost((_, host) =>
        {
            host.Logging.ClearProviders();
            if (log is not null)
            {
                host.Logging.AddProvider(new OurLog(LogLevel.Information, log));
            }
        });
        InProcessTestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        return new IslandCluster(folder, cluster);
    }

    public IRunGrain Run(string name) => Silos.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    public async ValueTask DisposeAsync()
    {
        await Silos.DisposeAsync();
        SqliteSchema.Close(_folder.File("state.db"));
    }
}
