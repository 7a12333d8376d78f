using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

using Orleans.Hosting;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Sampling;

namespace OrleansDDM.Grains;

/// <summary>Adds the grains of OrleansDDM to a silo.</summary>
public static class GrainsHosting
{
    /// <summary>
    /// Adds the device host and all services of the grains. The silo must also have a <see cref="Learning.Training.ILearningRuntime"/>
    /// and a grain storage called <see cref="StorageNames.Provider"/>.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="folder">Where its artifacts and checkpoint indexes are.</param>
    /// <param name="configure">Settings of its slots.</param>
    /// <param name="writer">The silo's name in a folder that several silos share; empty where it has the folder for itself.</param>
    public static ISiloBuilder AddDdmGrains(this ISiloBuilder silo, string folder, Action<DeviceOptions>? configure = null, string writer = "")
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        IServiceCollection services = silo.Services;
        services.Configure(configure ?? (_ => { }));
        services.AddOptions<RunOptions>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IArtifactStore>(s => new FolderArtifactStore(folder, s.GetRequiredService<ILogger<FolderArtifactStore>>(), writer));
        services.AddSingleton(_ => new CheckpointIndex(folder));
        services.AddSingleton<Checkpoints>();
        services.AddSingleton<SlotPool>();
        services.AddSingleton<ModelServices>();
        services.AddSingleton<IDeviceHostClient, DeviceHostClient>();
        services.AddSingleton<SiloDirectory>();
        services.AddSingleton<Replicas>();
        silo.AddGrainService<DeviceHost>();
        silo.AddOutgoingGrainCallFilter<MessageSizes>();
        silo.AddIncomingGrainCallFilter<MessageSizes>();
        return silo;
    }
}
