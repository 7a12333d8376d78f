using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Simulation;

/// <summary>What the scenario "storm" asks for, and what becomes of a run in which it does not hold.</summary>
public sealed class CrashScenarioTests
{
    private static readonly SimulationPlan Plan = CrashScenario.Plan(2, 10);

    [Fact]
    public void Run_that_breaks_is_an_outcome_with_its_plan()
    {
        CrashOutcome broken = CrashScenario.Run(Plan, new BreakingTask());

        Assert.Contains("the disk is full", broken.Failure);
        Assert.False(broken.Holds);
        Assert.Equal(Plan.Write(), broken.Plan.Write());
    }

    [Fact]
    public void Each_promise_can_fail()
    {
        int survivor = Enumerable.Range(0, Plan.Peers).Except(Plan.Faults[0].Peers).First();
        Assert.Null(CrashScenario.Run(Plan).Failure);

        Assert.Contains("no new round", Failure(Plan with { Crash = new CrashRule { StallSeconds = 0.5 } }));
        Assert.Contains("view was the survivors", Failure(Plan with { Faults = [.. Plan.Faults, new Fault { At = 159.5, Kind = FaultKind.Crash, Peers = [survivor] }] }));
        Assert.Contains("never did everyone know everyone", Failure(Plan with { Seconds = 160.04 }));
        Assert.Contains("rounds after the return", Failure(Plan with { Crash = new CrashRule { Rounds = 0 } }));
    }

    [Fact]
    public void What_is_asked_goes_with_the_plan()
    {
        SimulationPlan strict = Plan with { Crash = new CrashRule { Rounds = 0 } };

        SurveyRun replayed = Survey.RunOne(SimulationPlan.Read(strict.Write()));

        CrashOutcome first = CrashScenario.Run(strict);
        Assert.NotNull(first.Failure);
        Assert.Equal((first.Failure, first.Result.Hash), (replayed.Failure, replayed.Result.Hash));
    }

    [Fact]
    public void Rule_without_a_crash_and_a_return_is_an_error_of_the_plan() =>
        Assert.Contains("simulation.crash", Assert.Throws<SpecException>(() => CrashScenario.Run(Plan with { Faults = [Plan.Faults[0]] })).Message);

    private static string Failure(SimulationPlan plan) => CrashScenario.Run(plan).Failure ?? "";

    private sealed class BreakingTask() : ArrayTask(new double[1], 0.01, null)
    {
        protected override double[] Train(double[] model, TrainWork work) => work.Round < 5 ? model : throw new IOException("the disk is full");
    }
}
