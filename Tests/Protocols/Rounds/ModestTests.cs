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

    [Fact]
    public void Dead_aggregator_is_replaced_by_the_next_in_order_without_any_heartbeat()
    {
        // The same run twice: the first shows who aggregates round 6 and when it has all models, in the second it dies then.
        (double At, int Peer) first = default;
        SimulationPlan plan = Plan(40, 40, Sane with { HeartbeatSeconds = 0 }, 7);
        new Simulator(plan)
        {
            Observer = o => first = first == default && o.Input is Input.Message { Body: Modest.TrainedModel { Round: 6 } } && o.Effects.Any(e => e is Effect.Aggregate)
                ? (o.Seconds, o.Peer) : first,
        }.Run();

        SimulationResult result = new Simulator(plan with
        {
            Faults = [new Fault { At = first.At + 0.0005, Kind = FaultKind.Crash, Peers = [first.Peer] }],
        }).Run();

        Assert.True(result.RoundAt(first.At) < 6);
        Assert.InRange(result.LongestStall(first.At, 39), 0.5, 4);
        Assert.NotEqual(first.Peer, result.Completions.Single(c => c.Round == 6).Peer);
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
    public void Aggregation_that_fails_is_not_had_and_the_models_that_are_sent_again_make_the_round_go_on()
    {
        Modest protocol = new(Sane with { SampleSize = 2, SuccessFraction = 1 });
        ModelHandle[] models = [.. Enumerable.Range(0, 4).Select(i => ModelHandle.OfContent([(byte)i]))];
        ImmutableArray<PeerId> roster = [new(0), new(1), new(2), new(3)];
        PeerId first = HashOrder.Sort(roster, 2)[0];
        ImmutableArray<PeerId> sample = [.. roster.Where(p => p != first).Take(2)];
        Step New(PeerId self) => new(protocol.Create(new() { Self = self, Seed = 1, Roster = roster, InitialModel = models[0] }), []);
        void On(ref Step peer, double seconds, Input input) => peer = protocol.Handle(peer.State, input, TimeSpan.FromSeconds(seconds));
        (Step trainer, Step aggregator) = (New(sample[0]), New(first));
        On(ref trainer, 0, new Input.Message(first, new Modest.TrainOrder(1, models[0], sample, MembershipView.Of(roster))));
        On(ref trainer, 1, new Input.Trained(trainer.Effects.OfType<Effect.Train>().Single().Work, models[1]));
        On(ref trainer, 1.1, new Input.Message(first, new Modest.Pong(1, 0, 0)));
        Modest.TrainedModel[] sent = [Bodies<Modest.TrainedModel>(trainer).Single()];
        sent = [.. sent, sent[0] with { Model = models[2] }];

        On(ref aggregator, 1.2, new Input.Message(sample[0], sent[0]));
        On(ref aggregator, 1.2, new Input.Message(sample[1], sent[1]));
        On(ref aggregator, 1.3, new Input.Aggregated(aggregator.Effects.OfType<Effect.Aggregate>().Single().Work, default));
        Assert.DoesNotContain(aggregator.Effects, e => e is Effect.Send);
        On(ref aggregator, 1.4, new Input.Message(sample[0], new Modest.Ping(2, 0)));
        Modest.Pong pong = Bodies<Modest.Pong>(aggregator).Single();
        Assert.Equal(1, pong.AggregateRound);

        On(ref trainer, 1.5, new Input.Message(first, pong));
        Assert.Empty(Bodies<Modest.TrainedModel>(trainer));
        On(ref trainer, 20, new Input.Message(first, pong));
        Assert.Equal(sent[0].Model, Bodies<Modest.TrainedModel>(trainer).Single().Model);
        On(ref aggregator, 20.1, new Input.Message(sample[0], sent[0]));
        Assert.Equal([2, 1], sample.Select(peer =>
        {
            // Only the trainer whose model is still missing is to send it.
            On(ref aggregator, 20.1, new Input.Message(peer, new Modest.Ping(2, 0)));
            return Bodies<Modest.Pong>(aggregator).Single().AggregateRound;
        }).ToArray());
        On(ref aggregator, 20.1, new Input.Message(sample[1], sent[1]));
        On(ref aggregator, 20.2, new Input.Aggregated(aggregator.Effects.OfType<Effect.Aggregate>().Single().Work, models[3]));
        Assert.Contains(aggregator.Effects, e => e is Effect.Report { Kind: ReportKind.RoundCompleted, Round: 2 });
        On(ref aggregator, 20.3, new Input.Message(sample[0], new Modest.Ping(2, 0)));
        Assert.Equal(2, Bodies<Modest.Pong>(aggregator).Single().AggregateRound);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Aggregations_that_fail_hold_a_round_up_for_seconds_and_are_not_repeated_without_a_pause(int sample)
    {
        // With a sample of one the aggregator is often the trainer itself.
        ModestOptions patient = Sane with { StallSeconds = 1000, AggregationSeconds = 60, SuccessFraction = 1, SampleSize = sample };
        long aggregations = 0;
        Simulator simulator = new(Plan(6, 120, patient, 5) with { AggregateFailure = 0.3 })
        {
            Observer = o => aggregations += o.Effects.Count(e => e is Effect.Aggregate),
        };

        SimulationResult result = simulator.Run();

        Assert.True(result.RoundAt(120) > 25, $"{result.RoundAt(120)} rounds");
        Assert.InRange(result.LongestStall(5, 120), 0, 30);
        Assert.InRange(aggregations, 0, 3 * result.RoundAt(120));
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
    public void Sample_that_dies_but_for_its_aggregator_does_not_stop_the_run()
    {
        (double At, ImmutableArray<int> Sample) first = default;
        SimulationPlan plan = Plan(40, 40, Sane with { HeartbeatSeconds = 0, SampleSize = 4 }, 7);
        new Simulator(plan)
        {
            Observer = o =>
            {
                if (first == default && o.Effects.OfType<Effect.Send>().Select(s => s.Body).OfType<Modest.TrainOrder>().FirstOrDefault() is { Round: 6 } order)
                {
                    first = (o.Seconds, [.. order.Sample.Select(p => (int)p.Value).Where(p => p != o.Peer)]);
                }
            },
        }.Run();

        SimulationResult result = new Simulator(plan with { Faults = [new Fault { At = first.At, Kind = FaultKind.Crash, Peers = first.Sample }] }).Run();

        Assert.Equal(3, first.Sample.Length);
        Assert.InRange(result.LongestStall(first.At, 39), 0.5, 4);
        Assert.True(result.RoundAt(39) > 20);
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
    public void All_trainers_of_a_round_pick_the_same_aggregators()
    {
        Dictionary<long, HashSet<int>> aggregators = [];
        Simulator simulator = new(Plan(50, 60, new ModestOptions { Aggregators = 2 }, 1))
        {
            Observer = o =>
            {
                foreach (Effect.Send send in o.Effects.OfType<Effect.Send>())
                {
                    if (send.Body is Modest.TrainedModel trained)
                    {
                        aggregators.TryAdd(trained.Round, []);
                        aggregators[trained.Round].Add((int)send.To.Value);
                    }
                }
            },
        };

        simulator.Run();

        Assert.True(aggregators.Count > 30);
        Assert.All(aggregators.Values, a => Assert.Equal(2, a.Count));
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

    private static IEnumerable<T> Bodies<T>(Step step) => step.Effects.OfType<Effect.Send>().Select(s => s.Body).OfType<T>();

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
