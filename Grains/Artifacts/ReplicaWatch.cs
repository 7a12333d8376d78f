using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// Makes up for replicas that went with a silo: of the live holders of an artifact, the first one in an order that all silos share sees to new
/// ones. It looks at what this silo has and what is referred to.
/// </summary>
internal sealed partial class ReplicaWatch(
    IArtifactStore store,
    ArtifactDisk disk,
    ArtifactExchange exchange,
    ArtifactReplication replication,
    ILiveSilos silos,
    IOptions<ArtifactOptions> options,
    IServiceProvider services,
    ILogger<ReplicaWatch> logger)
{
    private volatile int _underReplicated;

    /// <summary>Artifacts that this silo answers for and that had too few holders when it last looked.</summary>
    public int UnderReplicated => _underReplicated;

    /// <summary>Looks at all artifacts once.</summary>
    /// <returns>Whether each of them has as many holders as it shall have.</returns>
    public async Task<bool> CheckAsync(CancellationToken stop)
    {
        IReadOnlyList<ArtifactReference> held = await disk.RunAsync(store.List, stop);
        if (held.Count > 0 && silos.Others.Count > 0 && await RootsAsync(stop) is { } roots)
        {
            held = [.. held.Where(a => roots.Contains(a.Sha256))];
        }

        int under = 0;
        foreach (ArtifactReference[] some in held.Chunk(IArtifactHost.MaxNames))
        {
            List<SiloAddress>[] holders = await exchange.HoldersAsync([.. some.Select(a => a.Sha256)], stop);
            for (int i = 0; i < some.Length; i++)
            {
                stop.ThrowIfCancellationRequested();
                if (holders[i].Count + 1 >= replication.Wanted || holders[i].Any(h => h.CompareTo(silos.Self) < 0))
                {
                    continue;
                }

                LogMakingUp(some[i].Sha256, holders[i].Count + 1, options.Value.Replicas);
                under += await replication.ReplicateAsync(some[i], stop) < replication.Wanted ? 1 : 0;
            }
        }

        _underReplicated = under;
        return under == 0;
    }

    private async Task<IReadOnlySet<string>?> RootsAsync(CancellationToken stop) =>
        services.GetService(typeof(IArtifactRoots)) is IArtifactRoots roots ? await roots.ReadAsync(stop) : null;

    [LoggerMessage(EventId = 1004, Level = LogLevel.Information, Message = "Artifact {Sha256} is on {Count} silos where it shall be on {Replicas}; making up for it")]
    private partial void LogMakingUp(string sha256, int count, int replicas);
}
