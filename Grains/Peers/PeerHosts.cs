using Orleans.Runtime;

using OrleansDDM.Grains.Devices;

namespace OrleansDDM.Grains.Peers;

/// <summary>The hosts of peers: silos by their name.</summary>
internal sealed class PeerHosts(IClusterMembershipService membership, ILocalSiloDetails self)
{
    /// <summary>Name of this silo.</summary>
    public string Own => self.Name;

    /// <summary>Names of the silos that are up, in ordinal order.</summary>
    public string[] Up() => [.. SiloDirectory.Newest(membership.CurrentSnapshot, self).Select(m => m.Name).Order(StringComparer.Ordinal)];

    /// <summary>Whether a silo of this name is up.</summary>
    public bool IsUp(string host) => Find(host) is not null;

    /// <summary>The address of the silo of this name that is up, or null.</summary>
    public SiloAddress? Find(string host) => host == Own
        ? self.SiloAddress
        : SiloDirectory.Newest(membership.CurrentSnapshot, self).FirstOrDefault(m => m.Name == host)?.SiloAddress;
}
