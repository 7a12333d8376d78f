using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace OrleansDDM.Grains.Placement;

/// <summary>Places a model only where its caller's <see cref="DeviceNeeds"/> are met; a caller that names none may have it anywhere.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class DeviceFilterAttribute() : PlacementFilterAttribute(new DeviceFilter());

/// <summary>Strategy of <see cref="DeviceFilterAttribute"/>.</summary>
internal sealed class DeviceFilter() : PlacementFilterStrategy(order: 0);

/// <summary>Director of <see cref="DeviceFilter"/>. Stateless.</summary>
internal sealed class DeviceFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        DeviceNeeds.From(target.RequestContextData) is { } needs
            ? silos.Where(s => needs.Fits(DeviceMetadata.Read(metadata.GetSiloMetadata(s).Metadata)))
            : silos;
}
