using Microsoft.Extensions.Logging;

using Orleans.Runtime;

namespace OrleansDDM.Grains;

/// <summary>
/// What a silo does by itself as long as it is active: one round at its start, one whenever the membership changes, and one after a while that the
/// last round says. No failure of a round ends it.
/// </summary>
internal abstract partial class SiloUpkeep(IClusterMembershipService membership, TimeProvider clock, ILogger logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>The silos of the cluster.</summary>
    protected IClusterMembershipService Membership => membership;

    /// <summary>The clock.</summary>
    protected TimeProvider Clock => clock;

    /// <summary>Time after which a round that failed is tried again.</summary>
    protected abstract TimeSpan RetryPeriod { get; }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        GetType().Name,
        ServiceLifecycleStage.Active,
        _ =>
        {
            _loop = Task.Run(() => KeepAsync(_stop.Token), CancellationToken.None);
            return Task.CompletedTask;
        },
        async cancellation =>
        {
            await _stop.CancelAsync();
            await _loop.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

    /// <summary>One round.</summary>
    /// <returns>How long to wait for the next one.</returns>
    protected abstract Task<TimeSpan> RoundAsync(CancellationToken stop);

    /// <summary>Ends when it is time for the next round.</summary>
    /// <param name="wait">What the last round has said.</param>
    /// <param name="woken">The next round has begun for another reason.</param>
    protected virtual Task DueAsync(TimeSpan wait, CancellationToken woken) => Task.Delay(wait, clock, woken);

    /// <summary>Does a part of a round; its failure is logged and does not touch the others.</summary>
    /// <returns>What it returns; false where it failed.</returns>
    protected async Task<bool> TryAsync(Func<Task<bool>> work, CancellationToken stop)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            LogAgain(GetType().Name, e.Message);
            return false;
        }
    }

    private async Task KeepAsync(CancellationToken stop)
    {
        await using IAsyncEnumerator<ClusterMembershipSnapshot> updates = membership.MembershipUpdates.GetAsyncEnumerator(stop);
        Task<bool> changed = updates.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                TimeSpan wait = RetryPeriod;
                await TryAsync(
                    async () =>
                    {
                        wait = await RoundAsync(stop);
                        return true;
                    },
                    stop);
                using var woken = CancellationTokenSource.CreateLinkedTokenSource(stop);
                if (await Task.WhenAny(changed, DueAsync(wait, woken.Token)) == changed)
                {
                    await woken.CancelAsync();
                    if (!await changed)
                    {
                        return;
                    }

                    changed = updates.MoveNextAsync().AsTask();
                }

                stop.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The silo goes.
        }
        finally
        {
            // An enumerator may not be disposed while it is asked for more.
            await ((Task)changed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(EventId = 1006, Level = LogLevel.Warning, Message = "{Upkeep} failed and is tried again: {Reason}")]
    private partial void LogAgain(string upkeep, string reason);
}
