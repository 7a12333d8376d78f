using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Runs;

/// <summary>How well the artifacts of a run are replicated, as its cluster sees it now.</summary>
internal static class Replicas
{
    /// <summary>The models of which some checkpoint, or the weights, are on fewer silos than they shall be.</summary>
    public static async Task<string[]> UnderReplicatedAsync(IGrainFactory grains, RunStatus status, CancellationToken cancellation)
    {
        (string Role, string Name)[] all = [.. status.Models.SelectMany(model => Of(model).Select(a => (model.Role, a.Sha256))).Distinct()];
        IArtifactsGrain artifacts = grains.GetGrain<IArtifactsGrain>(GrainKeys.Artifacts);
        var under = new List<string>();
        foreach ((string Role, string Name)[] some in all.Chunk(IArtifactHost.MaxNames))
        {
            ReplicaCount count = await artifacts.CountAsync([.. some.Select(a => a.Name)], cancellation);
            under.AddRange(some.Zip(count.Counts).Where(a => a.Second < count.Wanted).Select(a => a.First.Role));
        }

        return [.. under.Distinct()];
    }

    private static IEnumerable<ArtifactReference> Of(ModelStatus model) =>
        model.Checkpoints.Append(model.Best).OfType<CheckpointReference>().Select(c => c.Artifact).Concat(model.Weights is { } weights ? [weights] : []);
}
