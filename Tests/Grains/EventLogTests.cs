using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.State;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>What a run remembers of itself.</summary>
public sealed class EventLogTests
{
    private readonly RunState _state = new();

    [Fact]
    public async Task Of_too_many_events_the_oldest_checkpoints_go_and_all_else_stays()
    {
        var log = new EventLog(() => _state, () => _state, keep: 5, TimeProvider.System);
        RunEventKind[] kinds =
        [
            RunEventKind.Phase, RunEventKind.Checkpoint, RunEventKind.Checkpoint, RunEventKind.Fault, RunEventKind.Phase,
            RunEventKind.Checkpoint, RunEventKind.Done, RunEventKind.Checkpoint, RunEventKind.Phase,
        ];
        foreach (RunEventKind kind in kinds)
        {
            log.Record(new RunEvent { Kind = kind });
        }

        Assert.Equal([1, 4, 5, 7, 9], _state.Events.Select(e => e.Number));
        Assert.Equal(9, _state.LastEvent);

        // Not even then, when there is nothing else to let go of.
        log.Record(new RunEvent { Kind = RunEventKind.Done });
        _state.Phase = RunPhase.Ready;
        var told = new List<long>();
        await foreach (RunEvent e in log.WatchAsync(after: 4, CancellationToken.None))
        {
            told.Add(e.Number);
        }

        Assert.Equal([5, 7, 9, 10], told);
    }
}
