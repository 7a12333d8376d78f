using Orleans.Runtime;

namespace OrleansDDM.Silos.Web;

/// <summary>Remembers what happened to the silos since this one started: the newest of it, for the page's timeline.</summary>
internal sealed class SiloLog(IClusterMembershipService membership, TimeProvider clock) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int Capacity = 100;

    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<SiloEvent> _events = new();
    private readonly Dictionary<SiloAddress, SiloStatus> _known = [];
    private Task _loop = Task.CompletedTask;

    /// <summary>What is remembered, oldest first.</summary>
    public SiloEvent[] Events()
    {
        lock (_events)
        {
            return [.. _events];
        }
    }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(SiloLog),
        ServiceLifecycleStage.Active,
        _ =>
        {
            _loop = Task.Run(() => WatchAsync(_stop.Token), CancellationToken.None);
            return Task.CompletedTask;
        },
        async cancellation =>
        {
            await _stop.CancelAsync();
            await _loop.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

    /// <summary>Notes what is new in a view of the cluster. Silos that were dead before they were seen are no news.</summary>
    internal void Note(ClusterMembershipSnapshot snapshot)
    {
        foreach (ClusterMember member in snapshot.Members.Values.OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            bool known = _known.TryGetValue(member.SiloAddress, out SiloStatus before);
            _known[member.SiloAddress] = member.Status;
            if (known ? before == member.Status : member.Status == SiloStatus.Dead)
            {
                continue;
            }

            lock (_events)
            {
                _events.Enqueue(new SiloEvent(clock.GetUtcNow(), member.Name, member.Status.ToString().ToLowerInvariant()));
                if (_events.Count > Capacity)
                {
                    _events.Dequeue();
                }
            }
        }
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        try
        {
            await foreach (ClusterMembershipSnapshot snapshot in membership.MembershipUpdates.WithCancellation(stop))
            {
                Note(snapshot);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The silo goes.
        }
    }
}
