using Microsoft.Extensions.Options;

using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.State;

namespace OrleansDDM.Grains.Islands;

/// <summary>
/// Keeps the plan of the hosts of a run. Recovery: all that it knows is its row. Key format: <c>host-plan/NAME</c>.
/// </summary>
internal sealed class HostPlanGrain(
    [PersistentState("host-plan", StorageNames.Provider)] IPersistentState<HostPlanState> state,
    TimeProvider clock,
    IOptions<RunOptions> options) : Grain, IHostPlanGrain
{
    private StateRow<HostPlanState> _row = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Retry retry = options.Value.Retry(options.Value.StorePatience, clock, (int)this.GetGrainId().GetUniformHashCode());
        _row = new StateRow<HostPlanState>($"'{this.GetPrimaryKeyString()}'", state, retry);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _row?.Leave();
        return Task.CompletedTask;
    }

    public async Task StoreAsync(string plan, string fingerprint, long runTerm, CancellationToken cancellation = default)
    {
        if (runTerm < _row.Value.RunTerm)
        {
            throw new StaleTermException("The plan of the hosts", runTerm, _row.Value.RunTerm);
        }

        (_row.Value.Plan, _row.Value.Fingerprint, _row.Value.RunTerm) = (plan, fingerprint, runTerm);
        await KeepAsync(() => _row.SaveAsync());
    }

    public Task<string?> GetAsync(string known, CancellationToken cancellation = default) =>
        Task.FromResult(known.Length > 0 && known == _row.Value.Fingerprint ? null : _row.Value.Plan);

    public Task RemoveAsync(CancellationToken cancellation = default) => KeepAsync(_row.ClearAsync);

    private async Task KeepAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (InconsistentStateException)
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
