using System.Globalization;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

using Orleans.Hosting;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Tests.Grains;

/// <summary>
/// A silo on a database and a folder that others use as well. Silos of different clusters do not know of each other: each takes itself
/// for the only one, as the sides of a network split do.
/// </summary>
internal sealed class SharedSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private SharedSilo(IHost host) => _host = host;

    public IClusterClient Client => _host.Services.GetRequiredService<IClusterClient>();

    public IServiceProvider Services => _host.Services;

    public RunOptions RunSettings => Services.GetRequiredService<IOptions<RunOptions>>().Value;

    public static async Task<SharedSilo> StartAsync(RunFolder folder, ILearningRuntime runtime, string name, Action<ISiloBuilder>? more = null)
    {
        string database = folder.File("state.db");
        SqliteSchema.Install(database, NullLogger.Instance);
        (int silo, int gateway) = FreePorts.Two();
        IHost host = SiloHost.Build(new SiloPlan
        {
            Folder = folder,
            Database = new SqliteState(database),
            Learning = runtime,
            LogLevel = LogLevel.None,
            Devices = d => (d.Slots, d.Slice) = (2, TimeSpan.FromMilliseconds(50)),
            Hosting = builder =>
            {
                builder
                    .UseLocalhostClustering(silo, gateway, serviceId: SiloHost.ServiceId, clusterId: name + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture))
                    .AddAdoNetGrainStorage(StorageNames.Provider, o => (o.Invariant, o.ConnectionString) = ("System.Data.SQLite", SqliteSchema.ConnectionString(database)));
                more?.Invoke(builder);
            },
        });
        await host.StartAsync();
        return new SharedSilo(host);
    }

    public IRunGrain Run(string name = "r") => Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
