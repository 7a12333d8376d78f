using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>The silos of the cluster and their device hosts, as this silo sees them.</summary>
internal class SiloDirectory(IClusterMembershipService membership, ILocalSiloDetails self, IDeviceHostClient hosts)
{
    /// <summary>Name of this silo.</summary>
    public virtual string Self => self.Name;

    /// <summary>The silos that are at work, this one first, the others in the order of their names.</summary>
    public virtual IReadOnlyList<ActiveSilo> Active() =>
        [.. membership.CurrentSnapshot.Members.Values
            .Where(m => m.Status == SiloStatus.Active)
            .OrderByDescending(m => m.SiloAddress.Equals(self.SiloAddress))
            .ThenBy(m => m.Name, StringComparer.Ordinal)
            .Select(m => new ActiveSilo(m.Name, m.SiloAddress))];

    /// <summary>The device host of a silo.</summary>
    public virtual IDeviceHost Host(ActiveSilo silo) => hosts.On(silo.Address);
}
