using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The active silos of the membership.</summary>
internal sealed class LiveSilos(IClusterMembershipService membership, ILocalSiloDetails self) : ILiveSilos
{
    public SiloAddress Self => self.SiloAddress;

    public IReadOnlyList<SiloAddress> Others =>
        [.. membership.CurrentSnapshot.Members.Values.Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(Self)).Select(m => m.SiloAddress).Order()];
}
