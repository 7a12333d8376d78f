using System.Runtime.CompilerServices;
using System.Threading.Channels;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.State;

namespace OrleansDDM.Grains;

/// <summary>
/// The events of one run: durable ones are numbered and kept in the run's state, telemetry goes to those who watch at the moment. Watchers
/// see a durable event, and a phase, once it is stored: what a crash can take back is shown to nobody. Used in the run's turns only.
/// </summary>
/// <param name="state">The state as it is.</param>
/// <param name="stored">The state as it was stored last.</param>
/// <param name="keep">How many durable events are kept.</param>
/// <param name="clock">Clock.</param>
internal sealed class EventLog(Func<RunState> state, Func<RunState> stored, int keep, TimeProvider clock)
{
    private const int TelemetryCapacity = 256;

    private readonly HashSet<Channel<RunEvent>> _watchers = [];
    private bool _closed;

    /// <summary>Records a durable event. The caller saves the state, then calls <see cref="Publish"/>.</summary>
    public void Record(RunEvent durable)
    {
        RunState s = state();
        s.Events.Add(durable with { Term = s.Term, Number = ++s.LastEvent, Time = clock.GetUtcNow(), Phase = s.Phase });
        for (int i = 0; s.Events.Count > keep && i < s.Events.Count;)
        {
            if (s.Events[i].Kind == RunEventKind.Checkpoint)
            {
                s.Events.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }
    }

    /// <summary>Wakes the watchers after durable events were saved.</summary>
    public void Publish()
    {
        _closed = false;
        Send(new RunEvent { Kind = RunEventKind.Phase });
    }

    /// <summary>Sends telemetry to who watches; slow watchers lose the oldest.</summary>
    public void SendTelemetry(RunEvent telemetry) => Send(Telemetry(telemetry));

    /// <summary>An event as telemetry of this moment.</summary>
    public RunEvent Telemetry(RunEvent telemetry)
    {
        RunState s = state();
        return telemetry with { Kind = RunEventKind.Telemetry, Term = s.Term, Number = 0, Time = clock.GetUtcNow(), Phase = s.Phase };
    }

    /// <summary>Ends all watches, so that clients connect again or look at the status; until more is published there are no new ones.</summary>
    public void Close()
    {
        _closed = true;
        foreach (Channel<RunEvent> watcher in _watchers)
        {
            watcher.Writer.TryComplete();
        }
    }

    /// <summary>Replays what follows <paramref name="after"/>, then goes on live until the run has settled.</summary>
    public async IAsyncEnumerable<RunEvent> WatchAsync(long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Channel<RunEvent> channel = Channel.CreateBounded<RunEvent>(
            new BoundedChannelOptions(TelemetryCapacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        _watchers.Add(channel);
        long seen = after > stored().LastEvent ? 0 : after;
        try
        {
            do
            {
                while (Next(seen) is { } durable)
                {
                    seen = durable.Number;
                    yield return durable;
                }

                while (channel.Reader.TryRead(out RunEvent? live) && Next(seen) is null)
                {
                    if (live.Kind == RunEventKind.Telemetry)
                    {
                        yield return live;
                    }
                }

                if (Next(seen) is null && (_closed || IsSettled(stored().Phase)))
                {
                    yield break;
                }
            }
            while (Next(seen) is not null || await channel.Reader.WaitToReadAsync(cancellation));
        }
        finally
        {
            _watchers.Remove(channel);
        }
    }

    /// <summary>Whether nothing more happens in this phase unless somebody asks for it.</summary>
    public static bool IsSettled(RunPhase phase) => phase is RunPhase.None or RunPhase.Stopped or RunPhase.Faulted or RunPhase.Ready;

    private RunEvent? Next(long seen) => stored().Events.Find(e => e.Number > seen);

    private void Send(RunEvent live)
    {
        foreach (Channel<RunEvent> watcher in _watchers)
        {
            watcher.Writer.TryWrite(live);
        }
    }
}
