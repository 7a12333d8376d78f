using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Grains;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// Wakes runs and solves that a silo took along when it went: nobody else calls one whose client is gone. At the start of the silo, whenever the
/// membership changes, and every minute, the first of the active silos asks each of them that the database does not know as ended how it is,
/// and attaches to the runs that should be at work. Attaching to a run that somebody drives does nothing.
/// </summary>
internal sealed partial class RunKeeper(
    ClusterSiloOptions options,
    IClusterMembershipService membership,
    ILocalSiloDetails self,
    IGrainFactory grains,
    TimeProvider clock,
    ILogger<RunKeeper> logger) : SiloUpkeep(membership, clock, logger)
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    protected override TimeSpan RetryPeriod => TimeSpan.FromSeconds(2);

    protected override async Task<TimeSpan> RoundAsync(CancellationToken stop) => !IsFirst() || await WakeAsync(stop) ? Period : RetryPeriod;

    private bool IsFirst() => Membership.CurrentSnapshot.Members.Values
        .Where(m => m.Status == SiloStatus.Active).Select(m => m.SiloAddress).Order().FirstOrDefault()?.Equals(self.SiloAddress) ?? false;

    /// <summary>Returns whether all could be asked.</summary>
    private async Task<bool> WakeAsync(CancellationToken stop)
    {
        bool all = true;
        try
        {
            foreach (string key in await ClusterMembers.OpenRunKeysAsync(options.Connection, stop))
            {
                all &= await WakeAsync(key, () => WakeRunAsync(key, stop), stop);
            }

            foreach (string key in await ClusterMembers.OpenSolveKeysAsync(options.Connection, stop))
            {
                // Once it is active it drives itself.
                all &= await WakeAsync(key, () => grains.GetGrain<ISolveGrain>(key).GetStatusAsync(stop), stop);
            }
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            LogUnreadable(e.Message);
            return false;
        }

        return all;
    }

    private async Task WakeRunAsync(string key, CancellationToken stop)
    {
        IRunGrain run = grains.GetGrain<IRunGrain>(key);
        RunStatus status = await run.GetStatusAsync(stop);
        if (status.Phase is RunPhase.Preparing or RunPhase.Training)
        {
            await run.SubmitAsync(status.Spec, force: false, stop);
        }
    }

    private async Task<bool> WakeAsync(string key, Func<Task> wake, CancellationToken stop)
    {
        try
        {
            await wake();
            return true;
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // Whatever is wrong with one of them, e.g. a state that a newer release wrote, must not keep the others from being woken.
            LogUnreachable(key, e.Message);
            return e is not (OrleansException or TimeoutException or OperationCanceledException);
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "The runs cannot be read from the database, trying again: {Reason}")]
    private partial void LogUnreadable(string reason);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning, Message = "{Run} cannot be reached, trying again: {Reason}")]
    private partial void LogUnreachable(string run, string reason);
}
