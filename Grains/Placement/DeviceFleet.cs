using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Devices;

namespace OrleansDDM.Grains.Placement;

/// <summary>Which silos have which devices. Facts of a silo that has just come arrive a little after it.</summary>
internal sealed class DeviceFleet(SiloDirectory silos, ISiloMetadataCache metadata)
{
    /// <summary>The devices of a silo; null = not known.</summary>
    public DeviceFacts? FactsOf(SiloAddress silo) => DeviceMetadata.Read(metadata.GetSiloMetadata(silo).Metadata);

    /// <summary>The silos on which a model may train, in the order of <see cref="SiloDirectory.Active"/>.</summary>
    public IReadOnlyList<ActiveSilo> Fitting(DeviceNeeds needs) => [.. silos.Active().Where(s => needs.Fits(FactsOf(s.Address)))];
}
