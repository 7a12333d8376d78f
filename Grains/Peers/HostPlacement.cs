using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

using OrleansDDM.Contracts;

namespace OrleansDDM.Grains.Peers;

/// <summary>Pins a peer to the host of its data, whose name is part of its key. While that host is down there is no other place for it.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class HostPlacementAttribute() : PlacementAttribute(new HostPlacement());

/// <summary>Strategy of <see cref="HostPlacementAttribute"/>.</summary>
[GenerateSerializer]
[Alias(Aliases.HostPlacement)]
internal sealed class HostPlacement : PlacementStrategy;

/// <summary>Director of <see cref="HostPlacement"/>. Stateless.</summary>
internal sealed class HostPlacementDirector(PeerHosts hosts) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string host = GrainKeys.PeerName(target.GrainIdentity.Key.ToString()!).Host;
        return hosts.Find(host) is { } silo && context.GetCompatibleSilos(target).Contains(silo)
            ? Task.FromResult(silo)
            : throw new SiloUnavailableException($"Host '{host}', where the data of {target.GrainIdentity.Key} are, is down.");
    }
}
