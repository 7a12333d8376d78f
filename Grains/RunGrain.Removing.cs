using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="RunGrain"/> that removes a run.</summary>
internal sealed partial class RunGrain
{
    public async Task RemoveAsync(bool force = false, CancellationToken cancellation = default)
    {
        if (State.SpecHash.Length == 0)
        {
            throw new RunNotFoundException(_name);
        }

        if (!force && (_driven || State.Phase is RunPhase.Preparing or RunPhase.Training or RunPhase.Stopping))
        {
            throw new RunActiveException(_name, State.Phase);
        }

        // The rows go first: where this ends half-way, the run can be removed again, and what it leaves is collected.
        await StopAsync(cancellation);
        List<ArtifactReference> referred = [];
        foreach ((_, IModelGrain model) in Models())
        {
            referred.AddRange(await model.RemoveAsync(State.Term, cancellation));
        }

        _events.Close();
        await _row.ClearAsync();
        _live.Clear();
        await checkpoints.RemoveAsync(_name, referred, cancellation);
        DeactivateOnIdle();
    }
}
