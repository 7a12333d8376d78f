using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Silos.Observability;

/// <summary>Asks the silos which artifacts they hold.</summary>
internal sealed class Replication(IArtifactHostClient hosts, ReplicaWatch watch, IClusterMembershipService membership, TimeProvider clock) : IReplication
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public int? UnderReplicated => watch.UnderReplicated;

    public async ValueTask<IReadOnlyDictionary<string, string[]>> HoldersAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation)
    {
        string[] names = [.. sha256.Take(IArtifactHost.MaxNames)];
        if (names.Length == 0)
        {
            return new Dictionary<string, string[]>();
        }

        ClusterMember[] silos = [.. membership.CurrentSnapshot.Members.Values.Where(m => m.Status == SiloStatus.Active).OrderBy(m => m.Name, StringComparer.Ordinal)];
        bool[]?[] held = await Task.WhenAll(silos.Select(s => AskAsync(s.SiloAddress, names, cancellation)));

        // What a silo that does not answer holds is not known; the others are told all the same.
        return held.All(h => h is null)
            ? new Dictionary<string, string[]>()
            : names.Select((name, i) => (name, Holders: silos.Where((_, s) => held[s]?[i] == true).Select(s => s.Name).ToArray())).ToDictionary(n => n.name, n => n.Holders);
    }

    private async Task<bool[]?> AskAsync(SiloAddress silo, string[] names, CancellationToken cancellation)
    {
        try
        {
            return await hosts.On(silo).HasAsync(names, cancellation).MayBeGivenUp().WaitAsync(Patience, clock, cancellation);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or ArtifactBusyException)
        {
            return null;
        }
    }
}
