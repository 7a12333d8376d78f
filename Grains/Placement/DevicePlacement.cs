using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Placement;

/// <summary>Places a model on the silo where it would train fastest; see <see cref="DeviceOffer.Best"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class DevicePlacementAttribute() : PlacementAttribute(new DevicePlacement());

/// <summary>Strategy of <see cref="DevicePlacementAttribute"/>.</summary>
[GenerateSerializer]
[Alias(Aliases.DevicePlacement)]
internal sealed class DevicePlacement : PlacementStrategy;

/// <summary>Director of <see cref="DevicePlacement"/>.</summary>
internal sealed class DevicePlacementDirector(DeviceFeed feed, DeviceFleet fleet) : IPlacementDirector
{
    private readonly Lock _choosing = new();

    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        // Filtered already: see DeviceFilter.
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) is { } hint)
        {
            return hint;
        }

        Dictionary<SiloAddress, DeviceStatus> statuses = await feed.ReadAsync();
        DeviceNeeds? needs = DeviceNeeds.From(target.RequestContextData);

        // One after the other: each sees where the one before it goes.
        lock (_choosing)
        {
            return Choose(target, silos, statuses, needs);
        }
    }

    private SiloAddress Choose(PlacementTarget target, SiloAddress[] silos, Dictionary<SiloAddress, DeviceStatus> statuses, DeviceNeeds? needs)
    {
        var offers = new Dictionary<DeviceOffer, SiloAddress>(ReferenceEqualityComparer.Instance);
        foreach (SiloAddress silo in silos)
        {
            offers[Offer(silo, statuses.GetValueOrDefault(silo))] = silo;
        }

        SiloAddress chosen = offers[DeviceOffer.Best(offers.Keys, needs ?? DeviceNeeds.None)];
        if (needs is not null)
        {
            feed.Place(target.GrainIdentity.Key.ToString()!, chosen);
        }

        return chosen;
    }

    private DeviceOffer Offer(SiloAddress silo, DeviceStatus? status)
    {
        HashSet<string> sessions = [.. status?.Slots.SelectMany(s => s.Sessions) ?? []];
        return new DeviceOffer(
            status?.Silo ?? silo.ToString(), fleet.FactsOf(silo), status?.Slots.Length ?? 0, sessions.Count + feed.Placed(silo, sessions), status?.FreeMemory);
    }
}
