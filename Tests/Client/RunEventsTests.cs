using System.Runtime.CompilerServices;

using Orleans.Runtime;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class RunEventsTests
{
    private readonly HastyClock _clock = new();

    [Fact]
    public async Task A_lost_stream_goes_on_after_the_last_durable_event()
    {
        var run = new BreakingRun(events: 7, breakAfter: 2);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await SeenAsync(RunEvents.FollowAsync(run, after: 0)));
        Assert.Equal([0, 2, 4, 6], run.Asked);
    }

    [Fact]
    public async Task A_run_that_never_answers_is_given_up()
    {
        var run = new BreakingRun(events: 3, breakAfter: 0);
        await Assert.ThrowsAsync<TimeoutException>(() => SeenAsync(RunEvents.FollowAsync(run, after: 0)));
        Assert.Equal(5, run.Asked.Count);
    }

    [Fact]
    public async Task A_stream_that_ends_before_the_last_event_was_told_is_opened_again()
    {
        var run = new BreakingRun(events: 7, breakAfter: 3) { Ends = true };
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await SeenAsync(RunEvents.FollowAsync(run, after: 0)));
        Assert.Equal([0, 3, 6], run.Asked);
    }

    [Fact]
    public async Task On_a_cluster_a_run_that_was_quiet_for_long_is_not_given_up_when_its_silo_goes()
    {
        var run = new BreakingRun(events: 6, breakAfter: 2) { Loss = new SiloUnavailableException(), Before = () => _clock.Advance(TimeSpan.FromMinutes(10)) };
        Assert.Equal([1, 2, 3, 4, 5, 6], await SeenAsync(RunEvents.FollowOnClusterAsync(run, after: 0, _clock)));
    }

    [Fact]
    public async Task On_a_cluster_that_fails_for_two_minutes_the_stream_is_given_up()
    {
        var run = new BreakingRun(events: 6, breakAfter: 0) { Loss = new SiloUnavailableException(), Away = true };
        await Assert.ThrowsAsync<SiloUnavailableException>(() => SeenAsync(RunEvents.FollowOnClusterAsync(run, after: 0, _clock)));
        Assert.Equal(120, _clock.Waits.Sum(w => w.TotalSeconds), 5.0);
    }

    [Fact]
    public async Task On_a_cluster_each_loss_has_its_own_two_minutes()
    {
        var run = new BreakingRun(events: 6, breakAfter: 2) { Loss = new SiloUnavailableException(), AwayFor = TimeSpan.FromSeconds(90), Clock = _clock };
        Assert.Equal([1, 2, 3, 4, 5, 6], await SeenAsync(RunEvents.FollowOnClusterAsync(run, after: 0, _clock)));
        Assert.Equal([0, 2, 4], run.Asked);
    }

    private static async Task<List<long>> SeenAsync(IAsyncEnumerable<RunEvent> events)
    {
        List<long> seen = [];
        await foreach (RunEvent e in events)
        {
            if (e.Number > 0)
            {
                seen.Add(e.Number);
            }
        }

        return seen;
    }

    /// <summary>A run whose every stream is lost after some durable events, each followed by telemetry.</summary>
    private sealed class BreakingRun(int events, int breakAfter) : IRunGrain
    {
        public Task RemoveAsync(bool force = false, CancellationToken cancellation = default) => throw new NotSupportedException();

        public List<long> Asked { get; } = [];

        public Exception Loss { get; init; } = new TimeoutException();

        /// <summary>The stream ends instead of failing.</summary>
        public bool Ends { get; init; }

        /// <summary>Nothing at all is answered.</summary>
        public bool Away { get; init; }

        /// <summary>For how long nothing is answered after a loss, by <see cref="Clock"/>.</summary>
        public TimeSpan AwayFor { get; init; }

        public TimeProvider Clock { get; init; } = TimeProvider.System;

        private long? LostAt { get; set; }

        /// <summary>Happens before the loss.</summary>
        public Action Before { get; init; } = () => { };

        public async IAsyncEnumerable<RunEvent> WatchAsync(long after = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
        {
            Asked.Add(after);
            for (long number = after + 1; number <= events; number++)
            {
                if (number > after + breakAfter)
                {
                    Before();
                    LostAt = Clock.GetTimestamp();
                    if (Ends)
                    {
                        yield break;
                    }

                    throw Loss;
                }

                RunPhase phase = number == events ? RunPhase.Ready : RunPhase.Training;
                yield return new RunEvent { Number = number, Kind = RunEventKind.Checkpoint, Phase = phase };
                yield return new RunEvent { Kind = RunEventKind.Telemetry, Phase = phase };
                await Task.Yield();
            }
        }

        public Task<RunStatus> GetStatusAsync(CancellationToken cancellation = default) =>
            Away || (LostAt is { } at && Clock.GetElapsedTime(at) < AwayFor) ? Task.FromException<RunStatus>(Loss) : Task.FromResult(new RunStatus { Name = "r", Phase = RunPhase.Ready, LastEvent = events });

        public Task<SubmitReply> SubmitAsync(string spec, bool force = false, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<RunStatus> ResumeAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<RunStatus> StopAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<ModelMetrics[]> GetMetricsAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task ReportAsync(ModelReport report, CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
