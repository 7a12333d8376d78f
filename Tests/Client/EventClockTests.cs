using OrleansDDM.Client.Compare;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>What the events of a cluster's run tell of its training.</summary>
public sealed class EventClockTests
{
    private static readonly RunSpec Spec = new()
    {
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 100, Batch = 32 },
        Router = new RouterSpec { Batch = 16 },
    };

    private readonly EventClock _clock = new();
    private long _number;

    [Fact]
    public void Time_runs_from_submission_to_ready_but_not_while_the_run_was_stopped()
    {
        Tell(0, RunPhase.Preparing);
        Tell(10, RunPhase.Training);
        Tell(40, RunPhase.Stopping);
        Tell(45, RunPhase.Stopped);
        Tell(1000, RunPhase.Training);
        Tell(1030, RunPhase.Ready);
        Assert.Equal(75, Times().Wall);
        Assert.Equal(3, Times().Clustering);
    }

    [Fact]
    public void Clocks_that_differ_take_no_time_back_and_nothing_counts_twice()
    {
        Tell(100, RunPhase.Preparing);
        Tell(90, RunPhase.Training);
        Tell(95, RunPhase.Training);
        _number--;
        Tell(300, RunPhase.Training);
        _clock.Add(new RunEvent { Number = 0, Time = DateTimeOffset.UnixEpoch.AddSeconds(500), Phase = RunPhase.Training, Role = "expert-0", ImagesPerSecond = 1 });
        Tell(97, RunPhase.Ready);
        Assert.Equal(7, Times().Wall);
    }

    [Fact]
    public void The_slowest_model_is_told_by_the_mean_of_its_speeds_once_all_are_known()
    {
        Tell(0, RunPhase.Training, "expert-0", 100);
        Tell(1, RunPhase.Training, "expert-0", 300);
        Tell(2, RunPhase.Training, "expert-1", 1e6);
        Tell(3, RunPhase.Training, "expert-1");
        Assert.Equal(double.NaN, Times().Parallel);
        Tell(4, RunPhase.Training, "router", 1e6);

        // 100 steps of half the batch at 200 images a second.
        Assert.Equal(8, Times().Parallel);
    }

    private ArmTimes Times() => _clock.Times(Spec, clustering: 3);

    private void Tell(double seconds, RunPhase phase, string? role = null, double? rate = null) => _clock.Add(new RunEvent
    {
        Number = ++_number,
        Time = DateTimeOffset.UnixEpoch.AddSeconds(seconds),
        Phase = phase,
        Role = role,
        ImagesPerSecond = rate,
    });
}
