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

/// <summary>Who aggregates in a MoDeST island, and what happens where that one dies or fails.</summary>
public sealed class ModestAggregationTests
{
    private static readonly ModestOptions Sane = CrashScenario.Options;

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

    private static SimulationPlan Plan(int peers, double seconds, ModestOptions options, ulong seed) =>
        Plans.Of("modest", seed, peers, seconds) with { Options = SimulationPlan.OptionsOf(options) };

    private static IEnumerable<T> Bodies<T>(Step step) => step.Effects.OfType<Effect.Send>().Select(s => s.Body).OfType<T>();
}
