using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class ModestTests
{
    private static readonly ModestOptions Sane = CrashScenario.Options;

    private static readonly Modest Protocol = new(Sane);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Eighty_of_a_hundred_die_at_once_and_come_back(ulong seed)
    {
        CrashOutcome outcome = CrashScenario.Run(seed);

        Assert.True(outcome.RoundsBefore > 15, $"{outcome.RoundsBefore} rounds before");
        Assert.True(outcome.RoundsAlone > 55, $"{outcome.RoundsAlone} rounds after");
        Assert.InRange(outcome.WorstStall, 0, 5);
        Assert.True(outcome.ViewsRight, "the survivors' views are not the survivors");
        Assert.InRange(outcome.RoundsToKnowAll, 0, 10);
        Assert.True(outcome.Holds);
    }

    [Fact]
    public void Without_an_aggregation_timeout_the_same_crash_stalls_for_good()
    {
        ModestOptions paper = new() { AggregationSeconds = -1, HeartbeatSeconds = 0, SuccessFraction = 0.8, PingSeconds = 2 };
        SimulationPlan plan = Plan(100, 300, paper, 1) with
        {
            Faults = [new Fault { At = 20, Kind = FaultKind.Crash, Peers = Plans.Range(0, 80) }],
        };

        SimulationResult result = new Simulator(plan).Run();

        Assert.True(result.RoundAt(20) > 10);
        Assert.True(result.LongestStall(20, 300) > 250);
    }

    [Fact]
    public void Trajectory_is_that_of_fedavg_on_equal_samples()
    {
        Dictionary<long, double[]> modest = Trajectory(Plan(30, 60, new ModestOptions { SampleSize = 5 }, 3), 1);
        Dictionary<long, double[]> fedavg = Trajectory(
            Plans.Of("fedavg", 3, 30, 60) with
            {
                Options = SimulationPlan.OptionsOf(new FedAvgOptions { SampleSize = 5, HashSampling = true, WeightBySamples = false }),
            },
            0);

        Assert.True(modest.Count > 20 && fedavg.Count > 20);
        foreach (long round in modest.Keys.Intersect(fedavg.Keys))
        {
            Assert.Equal(fedavg[round], modest[round]);
        }
    }

    [Theory]
    [InlineData("aggregator, before it has all models")]
    [InlineData("aggregator, after it has aggregated")]
    [InlineData("trainer, in its training")]
    public void Peer_that_is_back_at_once_loses_no_round(string who)
    {
        // Too short for a ping to notice, and no stall timer that would mend it.
        ModestOptions patient = Sane with { StallSeconds = 1000, AggregationSeconds = 20, SuccessFraction = 1 };
        (double At, int Peer) first = default;
        SimulationPlan plan = Plan(40, 40, patient, 7);
        new Simulator(plan)
        {
            Observer = o => first = first == default && (who[0] == 't'
                ? o.Effects.Any(e => e is Effect.Train { Round: 6 })
                : o.Input is Input.Message { Body: Modest.TrainedModel { Round: 6 } } && o.Effects.Any(e => e is Effect.Aggregate) == who.Contains("after"))
                ? (o.Seconds, o.Peer) : first,
        }.Run();
        double crash = first.At + (who.Contains("after") ? 0.0015 : 0.0005);

        SimulationResult result = new Simulator(plan with
        {
            Faults =
            [
                new Fault { At = crash, Kind = FaultKind.Crash, Peers = [first.Peer] },
                new Fault { At = crash + 0.15, Kind = FaultKind.Restart, Peers = [first.Peer] },
            ],
        }).Run();

        Assert.InRange(result.LongestStall(crash, 39), 0.1, 4);
        Assert.True(result.RoundAt(39) > 25, $"{result.RoundAt(39)} rounds");
    }

    [Theory]
    [InlineData(1L << 47)]
    [InlineData(20_000L)]
    public void Frame_with_a_huge_round_does_not_end_an_island(long round)
    {
        // The second is the highest that is believed at that time.
        Modest protocol = new(Sane);
        Simulator simulator = new(Plan(20, 90, Sane, 5));
        simulator.RunUntil(20);
        simulator.Inject(3, new PeerId(7), new MessageCodec(protocol).Encode(new Modest.Ping(round, 0)));
        simulator.RunUntil(90);

        SimulationResult result = simulator.Result();
        Assert.InRange(result.LongestSilence(20, 90), 0, 10);
        Assert.Equal(round > 1_000_000, result.Ignored.Keys.Any(k => k.Contains("nobody can have reached")));
        Assert.All(Enumerable.Range(0, 20), p => Assert.Equal(20, protocol.Candidates(simulator.StateOf(p)!, Modest.RoundEstimate(simulator.StateOf(p)!)).Count()));
    }

    [Fact]
    public void Members_of_a_sample_that_are_found_dead_are_not_waited_for_until_the_deadline()
    {
        ModestOptions patient = Sane with { AggregationSeconds = 25, StallSeconds = 40, SuccessFraction = 1 };
        SimulationPlan plan = Plan(20, 60, patient, 5) with { Faults = [new Fault { At = 20, Kind = FaultKind.Crash, Peers = Plans.Range(0, 6) }] };

        SimulationResult result = new Simulator(plan).Run();

        Assert.InRange(result.LongestStall(10, 60), 0, 12);
    }

    [Fact]
    public void Repeated_and_stale_messages_change_nothing_but_what_they_say_of_the_living()
    {
        ModelHandle model = ModelHandle.OfContent([1]);
        ImmutableArray<PeerId> roster = [.. Enumerable.Range(0, 12).Select(i => new PeerId((ulong)i))];
        PeerState state = Protocol.Create(new() { Self = new(3), Seed = 1, Roster = roster, InitialModel = model });
        Modest.TrainOrder order = new(9, model, [new(3), new(4)], MembershipView.Of(roster));
        state = Protocol.Handle(state, new Input.Message(new(1), order), default).State;
        long ignored = state.Ignored;

        foreach (MessageBody body in new MessageBody[] { order, order with { Round = 8 }, order with { Round = 10, Sample = [new(4)] }, new Modest.TrainedModel(5, 5, model, [], order.View) })
        {
            Step step = Protocol.Handle(state, new Input.Message(new(1), body), default);
            Assert.DoesNotContain(step.Effects, e => e is Effect.Train or Effect.Aggregate or Effect.Persist or Effect.Send);
            Assert.Equal(((Modest.Saved)state.DurablePart).TrainRound, ((Modest.Saved)step.State.DurablePart).TrainRound);
            Assert.Equal(++ignored, step.State.Ignored);
            state = step.State;
        }
    }

    [Fact]
    public void Killed_and_restarted_as_a_whole_it_goes_on_from_the_last_model()
    {
        SimulationPlan plan = Plan(20, 90, Sane, 5) with
        {
            Faults = [new Fault { At = 30, Kind = FaultKind.Crash }, new Fault { At = 40, Kind = FaultKind.Restart }],
        };
        Simulator simulator = new(plan);

        SimulationResult result = simulator.Run();

        Assert.True(result.RoundAt(90) > result.RoundAt(39) + 20);
        Assert.InRange(result.LongestStall(40, 90), 0, 8);
    }

    [Fact]
    public void Models_sent_follow_the_formula()
    {
        SimulationPlan plan = Plan(100, 60, new ModestOptions(), 1);

        SimulationResult result = new Simulator(plan).Run();

        // s·a up and a·s down a round, less what a peer sends to itself and what it has already.
        double perRound = result.ModelTransfers / (double)result.RoundAt(60);
        Assert.InRange(perRound, 18.5, 20.5);
        Assert.True(result.FrameBytes < 0.05 * result.ModelBytes, $"{result.FrameBytes} of {result.ModelBytes}");
    }

    [Fact]
    public void Thousand_peers_train_without_trouble()
    {
        SimulationPlan plan = Plan(1000, 12, new ModestOptions(), 1);

        SimulationResult result = new Simulator(plan).Run();

        Assert.True(result.RoundAt(12) > 7, $"{result.RoundAt(12)} rounds");
    }

    private static SimulationPlan Plan(int peers, double seconds, ModestOptions options, ulong seed) =>
        Plans.Of("modest", seed, peers, seconds) with { Options = SimulationPlan.OptionsOf(options) };

    private static Dictionary<long, double[]> Trajectory(SimulationPlan plan, long offset)
    {
        Dictionary<long, double[]> models = [];
        Simulator simulator = new(plan);
        simulator.Observer = o =>
        {
            foreach (Effect.Report report in o.Effects.OfType<Effect.Report>().Where(r => r.Kind == ReportKind.RoundCompleted))
            {
                models.TryAdd(report.Round - offset, ((ArrayTask)simulator.Task).Get(report.Model));
            }
        };
        simulator.Run();
        return models;
    }
}
