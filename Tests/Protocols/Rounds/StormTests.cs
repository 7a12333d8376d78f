using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>
/// Hundreds of runs with random faults. The simulator itself throws when a round is completed twice, a model is used that is not local, or
/// an invariant of the protocol breaks; the survey asks at the end for progress, agreement and finite models. A failure prints the plan.
/// </summary>
public sealed class StormTests
{
    public static TheoryData<string> Names => [.. ProtocolCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_storm_passes_and_rounds_go_on(string protocol)
    {
        SurveyResult survey = Survey.Run(40, i => Plans.Stormy(protocol, (ulong)i + 1), 2);

        SurveyRun? failed = survey.Failures.FirstOrDefault();
        Assert.True(failed is null, $"{failed?.Failure}\n{failed?.Plan?.Write()}");
        Assert.True(survey.Runs.Sum(r => r.Result.Refused.Values.Sum()) > 0, "no frame was damaged: the storm is too weak");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Round_is_stored_before_it_is_told(string protocol)
    {
        int told = 0;
        Simulator simulator = new(Plans.Stormy(protocol, 3))
        {
            Observer = o =>
            {
                foreach ((int at, Effect effect) in o.Effects.Index())
                {
                    if (effect is Effect.Report { Kind: ReportKind.RoundCompleted } report)
                    {
                        told++;
                        Assert.Contains(o.Effects.Take(at).OfType<Effect.Persist>(), p => p.Durable.Models.Contains(report.Model));
                    }
                }
            },
        };

        simulator.Run();

        Assert.True(told > 10, $"{told} rounds");
    }

    [Fact]
    public void Exchange_at_one_end_only_is_a_failure()
    {
        // Who is in doubt presumes what it likes before the other end can have told it.
        SimulationPlan plan = Plans.Of("dadao", 3, 6, 60) with
        {
            Network = new NetworkPlan { Loss = 0.3 },
            Options = SimulationPlan.OptionsOf(new DadaoOptions { AnswerSeconds = 0.5, DoubtSeconds = 0.6 }),
        };

        Assert.Contains("at one end only", Survey.RunOne(plan).Failure);
        Assert.Null(Survey.RunOne(plan with { Options = SimulationPlan.OptionsOf(new DadaoOptions { AnswerSeconds = 0.5 }) }).Failure);
    }

    [Fact]
    public void Summary_does_not_depend_on_how_many_run_at_a_time() =>
        Assert.Equal(
            Survey.Run(6, i => Plans.Stormy("gossip", (ulong)i), 1).Hash,
            Survey.Run(6, i => Plans.Stormy("gossip", (ulong)i), 3).Hash);

    [Fact]
    public void Silence_beyond_the_rule_is_a_failure_that_its_plan_repeats()
    {
        // A server that is gone for 15 s while 10 s are allowed.
        SimulationPlan plan = Plans.Of("fedavg", 3, 6, 40) with
        {
            Progress = new ProgressRule { From = 5 },
            Faults = [new Fault { At = 10, Kind = FaultKind.Crash, Peers = [0] }, new Fault { At = 25, Kind = FaultKind.Restart, Peers = [0] }],
        };

        SurveyRun failed = Survey.RunOne(plan);
        SurveyRun again = Survey.RunOne(SimulationPlan.Read(failed.Plan!.Write()));

        Assert.Contains("the server completed no round for 15", failed.Failure);
        Assert.Equal((failed.Failure, failed.Result.Hash), (again.Failure, again.Result.Hash));
        Assert.Null(Survey.RunOne(plan with { Progress = new ProgressRule { From = 5, Seconds = 20 } }).Failure);
    }

    [Fact]
    public void Disagreement_of_views_is_a_failure()
    {
        // Half of the peers leave and nobody is left in peace to hear of it.
        SimulationPlan plan = Plans.Of("modest", 3, 12, 10.2) with
        {
            Progress = new ProgressRule { From = 9 },
            Faults = [new Fault { At = 10, Kind = FaultKind.Partition, Peers = [1, 2] }, new Fault { At = 10.1, Kind = FaultKind.Leave, Peers = [3, 4] }],
        };

        Assert.Equal("views differ", Survey.RunOne(plan).Failure);
    }
}
