using System.Runtime.CompilerServices;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class RunEventsTests
{
    [Fact]
    public async Task A_lost_stream_goes_on_after_the_last_durable_event()
    {
        var run = new BreakingRun(events: 7, breakAfter: 2);
        List<long> seen = [];
        await foreach (RunEvent e in RunEvents.FollowAsync(run, after: 0))
        {
            if (e.Number > 0)
            {
                seen.Add(e.Number);
            }
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7], seen);
        Assert.Equal([0, 2, 4, 6], run.Asked);
    }

    [Fact]
    public async Task A_run_that_never_answers_is_given_up()
    {
        var run = new BreakingRun(events: 3, breakAfter: 0);
        await Assert.ThrowsAsync<TimeoutException>(async () =>
        {
            await foreach (RunEvent unused in RunEvents.FollowAsync(run, after: 0))
            {
            }
        });
        Assert.Equal(5, run.Asked.Count);
    }

    /// <summary>A run whose every stream ends with a time-out after some durable events, each followed by telemetry.</summary>
    private sealed class BreakingRun(int events, int breakAfter) : IRunGrain
    {
        public Task RemoveAsync(bool force = false, CancellationToken cancellation = default) => throw new NotSupportedException();

        public List<long> Asked { get; } = [];

        public async IAsyncEnumerable<RunEvent> WatchAsync(long after = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
        {
            Asked.Add(after);
            for (long number = after + 1; number <= events; number++)
            {
                if (number > after + breakAfter)
                {
                    throw new TimeoutException();
                }

                yield return new RunEvent { Number = number, Kind = RunEventKind.Checkpoint };
                yield return new RunEvent { Kind = RunEventKind.Telemetry };
                await Task.Yield();
            }
        }

        public Task<SubmitReply> SubmitAsync(string spec, bool force = false, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<RunStatus> ResumeAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<RunStatus> StopAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<RunStatus> GetStatusAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<ModelMetrics[]> GetMetricsAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task ReportAsync(ModelReport report, CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
