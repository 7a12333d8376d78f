using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The active silos of the membership.</summary>
internal sealed class LiveSilos(IClusterMembershipService membership, IMembershipTable table, ILocalSiloDetails self) : ILiveSilos
{
    public SiloAddress Self => self.SiloAddress;

    public IReadOnlyList<SiloAddress> Others =>
        [.. membership.CurrentSnapshot.Members.Values.Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(Self)).Select(m => m.SiloAddress).Order()];

    // The snapshot forgets the dead.
    public async Task<bool> AreAllActiveAsync(CancellationToken cancellation) =>
        (await table.ReadAllAsync(cancellation)).Members.GroupBy(m => m.Item1.SiloName, StringComparer.Ordinal).All(silo => silo.Any(m => m.Item1.Status == SiloStatus.Active));
}
