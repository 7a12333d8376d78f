using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// What a silo does for its artifacts by itself: when the membership changes, or one was published with too few replicas, it makes up for
/// those that lack, and again where that did not succeed; every now and then it collects what nothing refers to.
/// </summary>
internal sealed class ArtifactKeeper(
    ReplicaWatch replicas,
    ArtifactReplication replication,
    ArtifactCollector collector,
    IClusterMembershipService membership,
    IServiceProvider services,
    IOptions<ArtifactOptions> options,
    TimeProvider clock,
    ILogger<ArtifactKeeper> logger) : SiloUpkeep(membership, clock, logger)
{
    private long _collected = clock.GetTimestamp();

    protected override TimeSpan RetryPeriod => TimeSpan.FromSeconds(5);

    protected override async Task<TimeSpan> RoundAsync(CancellationToken stop)
    {
        replication.WatchLacking();
        bool whole = await TryAsync(() => replicas.CheckAsync(stop), stop);
        TimeSpan period = options.Value.CollectPeriod;
        TimeSpan wait = period - Clock.GetElapsedTime(_collected);
        if (wait <= TimeSpan.Zero)
        {
            await TryAsync(() => CollectAsync(stop), stop);
            _collected = Clock.GetTimestamp();
            wait = period;
        }

        return whole || wait < RetryPeriod ? wait : RetryPeriod;
    }

    protected override async Task DueAsync(TimeSpan wait, CancellationToken woken)
    {
        Task due = base.DueAsync(wait, woken);
        if (await Task.WhenAny(due, replication.Lacking) != due)
        {
            // What refers to it is stored in a moment; before that it would be passed over.
            await Task.WhenAny(due, base.DueAsync(RetryPeriod, woken));
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
}
