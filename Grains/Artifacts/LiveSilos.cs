using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The active silos of the membership.</summary>
internal sealed class LiveSilos(IClusterMembershipService membership, IMembershipTable table, ILocalSiloDetails self) : ILiveSilos
{
    public SiloAddress Self => self.SiloAddress;

    public IReadOnlyList<SiloAddress> Others => That(m => m.Status == SiloStatus.Active);

    public IReadOnlyList<SiloAddress> Leaving => That(m => m.Status is SiloStatus.ShuttingDown or SiloStatus.Stopping);

    // The snapshot forgets the dead, and learns of who comes back later than the table: whoever is not in it would not be asked.
    public async Task<bool> AreAllActiveAsync(CancellationToken cancellation)
    {
        MembershipEntry[] entries = [.. (await table.ReadAllAsync(cancellation)).Members.Select(m => m.Item1)];
        HashSet<SiloAddress> known = [Self, .. Others];
        return entries.GroupBy(e => e.SiloName, StringComparer.Ordinal).All(silo => silo.Any(e => e.Status == SiloStatus.Active && known.Contains(e.SiloAddress)));
    }

    private IReadOnlyList<SiloAddress> That(Func<ClusterMember, bool> are) =>
        [.. membership.CurrentSnapshot.Members.Values.Where(m => are(m) && !m.SiloAddress.Equals(Self)).Select(m => m.SiloAddress).Order()];
}
