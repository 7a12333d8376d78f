using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>The silos of the cluster and their device hosts, as this silo sees them.</summary>
internal class SiloDirectory(IClusterMembershipService membership, ILocalSiloDetails self, IDeviceHostClient hosts)
{
    /// <summary>Name of this silo.</summary>
    public virtual string Self => self.Name;

    /// <summary>The silos that are at work, this one first, the others in the order of their names; each name once.</summary>
    public virtual IReadOnlyList<ActiveSilo> Active() =>
        [.. Newest(membership.CurrentSnapshot, self)
            .OrderByDescending(m => m.SiloAddress.Equals(self.SiloAddress))
            .ThenBy(m => m.Name, StringComparer.Ordinal)
            .Select(m => new ActiveSilo(m.Name, m.SiloAddress))];

    /// <summary>The device host of a silo.</summary>
    public virtual IDeviceHost Host(ActiveSilo silo) => hosts.On(silo.Address);

    /// <summary>
    /// The active members, of each name the one that began last: a silo that comes back under its name stands beside its earlier life until that is known to be dead.
    /// </summary>
    internal static IEnumerable<ClusterMember> Newest(ClusterMembershipSnapshot membership, ILocalSiloDetails self) => membership.Members.Values
        .Where(m => m.Status == SiloStatus.Active)
        .GroupBy(m => m.Name, StringComparer.Ordinal)
        .Select(lives => lives.MaxBy(m => (m.SiloAddress.Equals(self.SiloAddress), m.SiloAddress.Generation, m.SiloAddress))!);
}
