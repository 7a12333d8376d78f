using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;

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

        // The run's own row goes after all but the artifacts: where this ends half-way, the run can be removed again, and what it leaves is collected.
        await StopAsync(cancellation);
        List<ArtifactReference> referred = [];
        foreach ((_, IModelGrain model) in Models())
        {
            referred.AddRange(await model.RemoveAsync(State.Term, cancellation));
        }

        await checkpoints.ForgetAsync(_name);
        await RemovePlanAsync(cancellation);
        _events.Close();
        await _row.ClearAsync();
        _live.Clear();
        await checkpoints.DropAsync(referred, cancellation);
        DeactivateOnIdle();
    }

    private Task RemovePlanAsync(CancellationToken cancellation) => SpecJson.Read(State.Spec).Islands.IsOnHosts()
        ? GrainFactory.GetGrain<IHostPlanGrain>(GrainKeys.HostPlan(_name)).RemoveAsync(cancellation)
        : Task.CompletedTask;

    /// <summary>Removes what the models of a spec that is given up have stored. One that cannot be reached leaves it behind.</summary>
    private async Task GiveUpModelsAsync(CancellationToken cancellation)
    {
        ArtifactReference[][] referred = await Task.WhenAll(Models().Select(async model =>
        {
            try
            {
                return await model.Grain.RemoveAsync(State.Term, cancellation);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or StaleTermException)
            {
                LogUnreachable(_name, model.Role, e.Message);
                return [];
            }
        }));
        await checkpoints.ForgetAsync(_name);
        await checkpoints.DropAsync(referred.SelectMany(r => r), cancellation);
        await RemovePlanAsync(cancellation);
    }
}
