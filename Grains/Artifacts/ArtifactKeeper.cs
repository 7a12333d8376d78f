using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// What a silo does for its artifacts by itself: when the membership changes, or one was published with too few replicas, it makes up for
/// those that lack, and again where that did not succeed; every now and then it collects what nothing refers to.
/// </summary>
internal sealed partial class ArtifactKeeper(
    ReplicaWatch replicas,
    ArtifactExchange exchange,
    ArtifactCollector collector,
    IClusterMembershipService membership,
    IServiceProvider services,
    IOptions<ArtifactOptions> options,
    TimeProvider clock,
    ILogger<ArtifactKeeper> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(ArtifactKeeper),
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

    private async Task KeepAsync(CancellationToken stop)
    {
        await using IAsyncEnumerator<ClusterMembershipSnapshot> updates = membership.MembershipUpdates.GetAsyncEnumerator(stop);
        Task<bool> changed = updates.MoveNextAsync().AsTask();
        long collected = clock.GetTimestamp();
        TimeSpan period = options.Value.CollectPeriod;
        try
        {
            while (true)
            {
                exchange.WatchLacking();
                bool whole = await TryAsync(() => replicas.CheckAsync(stop), stop);
                TimeSpan wait = period - clock.GetElapsedTime(collected);
                if (wait <= TimeSpan.Zero)
                {
                    await TryAsync(() => CollectAsync(stop), stop);
                    collected = clock.GetTimestamp();
                    wait = period;
                }

                using var woken = CancellationTokenSource.CreateLinkedTokenSource(stop);
                Task due = Task.Delay(whole || wait < RetryPeriod ? wait : RetryPeriod, clock, woken.Token);
                if (whole && await Task.WhenAny(changed, due, exchange.Lacking) == exchange.Lacking)
                {
                    // What refers to it is stored in a moment; before that it would be passed over.
                    due = Task.WhenAny(due, Task.Delay(RetryPeriod, clock, woken.Token));
                }

                bool isChanged = await Task.WhenAny(changed, due) == changed;
                await woken.CancelAsync();
                if (isChanged)
                {
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

    private async Task<bool> CollectAsync(CancellationToken stop)
    {
        if (services.GetService(typeof(IArtifactRoots)) is IArtifactRoots roots)
        {
            await collector.CollectAsync(roots, stop);
        }

        return true;
    }

    // It looks after everything: no failure of one round may end it.
    private async Task<bool> TryAsync(Func<Task<bool>> work, CancellationToken stop)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (!stop.IsCancellationRequested && e is OrleansException or TimeoutException or ArtifactException or IOException or OperationCanceledException)
        {
            LogAgain(e.Message);
            return false;
        }
    }

    [LoggerMessage(EventId = 1006, Level = LogLevel.Warning, Message = "The artifacts could not be looked after, trying again: {Reason}")]
    private partial void LogAgain(string reason);
}
