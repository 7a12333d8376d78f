using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Grains.Sampling;
using OrleansDDM.Grains.Solves;
using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Grains;

/// <summary>Adds the grains of OrleansDDM to a silo.</summary>
public static class GrainsHosting
{
    /// <summary>
    /// Adds the device host and all services of the grains. The silo must also have a <see cref="Learning.Training.ILearningRuntime"/>
    /// and a grain storage called <see cref="StorageNames.Provider"/>.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="folder">Where its artifacts and checkpoint indexes are; no other silo has the same.</param>
    /// <param name="configure">Settings of its slots.</param>
    /// <param name="artifacts">Settings of its artifacts.</param>
    public static ISiloBuilder AddDdmGrains(this ISiloBuilder silo, string folder, Action<DeviceOptions>? configure = null, Action<ArtifactOptions>? artifacts = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        IServiceCollection services = silo.Services;
        services.Configure(configure ?? (_ => { }));
        services.AddOptions<RunOptions>().PostConfigure<DdmMetrics>((options, metrics) => options.Retried = metrics.Retried);
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<ArtifactOptions>().Configure(artifacts ?? (_ => { })).PostConfigure(o => o.Validate());
        services.TryAddSingleton<IFileLayer, DiskFiles>();
        services.AddSingleton<IArtifactStore>(s => new FolderArtifactStore(
            folder, s.GetRequiredService<ILogger<FolderArtifactStore>>(), s.GetRequiredService<IFileLayer>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ => new CheckpointIndex(folder));
        services.AddMetrics();
        services.AddSingleton<DdmMetrics>();
        services.TryAddSingleton<WorkWatch>();
        services.AddSingleton<TransferRates>().AddSingleton<ArtifactDisk>().AddSingleton<ArtifactExchange>().AddSingleton<ArtifactReplication>();
        services.AddSingleton<ReplicaWatch>().AddSingleton<ArtifactCollector>();
        services.AddSingleton<ILiveSilos, LiveSilos>().AddSingleton<IArtifactHostClient, ArtifactHostClient>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, ArtifactKeeper>();
        silo.AddGrainService<ArtifactHost>();
        services.AddSingleton<Checkpoints>();
        services.AddSingleton<SlotPool>();
        services.AddSingleton<ModelServices>();
        services.AddSingleton<IDeviceHostClient, DeviceHostClient>();
        services.AddSingleton<PeerFiles>().AddSingleton<ModelShelf>().AddSingleton<PeerWorkshop>().AddSingleton<ConvexWorkshop>().AddSingleton<PeerHosts>().AddSingleton<PeerServices>();
        services.AddSingleton<HostImagery>().AddSingleton<ImageHostClient>();
        services.AddPlacementDirector<HostPlacement, HostPlacementDirector>();
        services.AddSingleton<SiloDirectory>().AddSingleton<DeviceFleet>().AddSingleton<DeviceFeed>().AddSingleton<DeviceMemory>();
        services.AddPlacementDirector<DevicePlacement, DevicePlacementDirector>();
        services.AddPlacementFilter<DeviceFilter, DeviceFilterDirector>(ServiceLifetime.Transient);
        var devices = new DeviceOptions();
        configure?.Invoke(devices);
        silo.UseSiloMetadata(DeviceMetadata.Of(devices.Facts));
        services.AddSingleton<Replicas>();
        silo.AddGrainService<DeviceHost>();
        silo.AddGrainService<ImageHost>();
        silo.AddOutgoingGrainCallFilter<MessageSizes>();
        silo.AddIncomingGrainCallFilter<MessageSizes>();
        return silo;
    }
}
