using Orleans.Runtime;

namespace OrleansDDM.Grains.Peers;

/// <summary>The hosts of peers: silos by their name.</summary>
internal sealed class PeerHosts(IClusterMembershipService membership, ILocalSiloDetails self)
{
    /// <summary>Name of this silo.</summary>
    public string Own => self.Name;

    /// <summary>Names of the silos that are up, in ordinal order.</summary>
    public string[] Up() => [.. membership.CurrentSnapshot.Members.Values
        .Where(m => m.Status == SiloStatus.Active).Select(m => m.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Whether a silo of this name is up.</summary>
    public bool IsUp(string host) => Find(host) is not null;

    /// <summary>The address of the silo of this name that is up, or null.</summary>
    public SiloAddress? Find(string host) => host == Own
        ? self.SiloAddress
        : membership.CurrentSnapshot.Members.Values.FirstOrDefault(m => m.Status == SiloStatus.Active && m.Name == host)?.SiloAddress;
}
