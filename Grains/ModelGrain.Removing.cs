using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="ModelGrain"/> that ends its life with its run's.</summary>
internal abstract partial class ModelGrain
{
    public virtual async Task<ArtifactReference[]> RemoveAsync(long runTerm, CancellationToken cancellation = default)
    {
        Require("removal", runTerm, State.RunTerm);
        await EndTrainingAsync();
        ArtifactReference[] referred =
        [
            .. State.Checkpoints.Append(State.Best).OfType<CheckpointReference>().Select(c => c.Artifact)
                .Concat(State.Weights is { } weights ? [weights] : [])
                .Distinct(),
        ];
        await _row.ClearAsync();
        _points.Clear();
        _live = null;
        DeactivateOnIdle();
        return referred;
    }
}
