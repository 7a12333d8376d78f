using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class EpidemicLearningTests
{
    private static readonly ImmutableArray<PeerId> Roster = [.. Enumerable.Range(0, 20).Select(i => new PeerId((ulong)i))];

    [Fact]
    public void Oracle_draws_a_regular_graph_that_all_peers_agree_on()
    {
        EpidemicLearning protocol = new(new EpidemicOptions { Oracle = true, Fanout = 3 });
        for (long round = 0; round < 5; round++)
        {
            ImmutableArray<PeerId>[] receivers = [.. Roster.Select(p => protocol.Receivers(Setup(p), round))];
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(3, receivers[i].Length);
                Assert.All(receivers[i], r => Assert.Contains(Roster[i], receivers[(int)r.Value]));
            }
        }
    }

    [Fact]
    public void Local_draws_different_peers_evenly_and_never_oneself()
    {
        EpidemicLearning protocol = new(new EpidemicOptions { Fanout = 4 });
        int[] hits = new int[20];
        for (long round = 0; round < 500; round++)
        {
            ImmutableArray<PeerId> receivers = protocol.Receivers(Setup(Roster[5]), round);
            Assert.Equal(4, receivers.Distinct().Count());
            foreach (PeerId receiver in receivers)
            {
                hits[receiver.Value]++;
            }
        }

        Assert.Equal(0, hits[5]);
        Assert.All(hits.Where((_, i) => i != 5), h => Assert.InRange(h, 70, 145));
    }

    [Fact]
    public void Round_keeps_the_beat_of_the_clock_whoever_dies()
    {
        SimulationPlan plan = Plans.Of("epidemic", 2, 16, 60) with
        {
            Options = SimulationPlan.OptionsOf(new EpidemicOptions { RoundSeconds = 2 }),
            Faults = [new Fault { At = 20.5, Kind = FaultKind.Crash, Peers = Plans.Range(0, 13) }],
        };

        SimulationResult result = new Simulator(plan).Run();

        Assert.InRange(result.RoundAt(60), 28, 30);
        Assert.InRange(result.LongestStall(0, 59), 1.9, 2.2);
    }

    [Fact]
    public void Rounds_are_of_one_length_for_all_however_slow_their_links()
    {
        // Twentyfold unlike bandwidths: with a length of each peer's own, rounds would drift apart.
        SimulationPlan plan = Plans.Of("epidemic", 2, 16, 60) with { Network = new NetworkPlan { BytesPerSecond = 5e6, BandwidthSpread = 1.5 } };
        Simulator simulator = new(plan);

        simulator.Run();

        long[] rounds = [.. Enumerable.Range(0, 16).Select(p => ((EpidemicLearning.Saved)simulator.StateOf(p)!.DurablePart).Round)];
        Assert.True(rounds.Min() > 3, $"{rounds.Min()} rounds");
        Assert.InRange(rounds.Max() - rounds.Min(), 0, 1);
    }

    [Fact]
    public void Uniform_mean_of_own_and_received()
    {
        EpidemicLearning protocol = new(new EpidemicOptions { RoundSeconds = 10 });
        ModelHandle[] models = [.. Enumerable.Range(0, 5).Select(i => ModelHandle.OfContent([(byte)i]))];
        Step step = protocol.Handle(protocol.Create(Setup(Roster[0])), new Input.Start(), default);
        Effect.Train train = step.Effects.OfType<Effect.Train>().Single();
        step = protocol.Handle(step.State, new Input.Message(Roster[3], new EpidemicLearning.Share(0, models[3])), Second(1));
        step = protocol.Handle(step.State, new Input.Message(Roster[2], new EpidemicLearning.Share(0, models[2])), Second(2));
        step = protocol.Handle(step.State, new Input.Message(Roster[2], new EpidemicLearning.Share(0, models[4])), Second(2));
        step = protocol.Handle(step.State, new Input.Message(Roster[4], new EpidemicLearning.Share(1, models[4])), Second(2));
        step = protocol.Handle(step.State, new Input.Trained(train.Work, models[0]), Second(3));
        Assert.Equal(4, step.Effects.OfType<Effect.Send>().Count());
        step = protocol.Handle(step.State, new Input.Timer(new TimerId("end", 0)), Second(10));

        Effect.Aggregate mix = step.Effects.OfType<Effect.Aggregate>().Single();
        Assert.Equal([(0UL, 1.0), (2UL, 1.0), (3UL, 1.0)], mix.Models.Select(m => (m.From.Value, m.Weight)));
        Assert.Equal(models[2], mix.Models[1].Model);
        Assert.Equal(1, step.State.Ignored);
    }

    [Fact]
    public void Round_done_before_a_crash_is_not_done_again()
    {
        EpidemicLearning protocol = new(new EpidemicOptions { RoundSeconds = 10 });
        EpidemicLearning.Saved saved = new(5, ModelHandle.OfContent([5]));

        Step step = protocol.Handle(protocol.Create(Setup(Roster[0])), new Input.Recover(saved), Second(42));

        Assert.Equal(5, step.Effects.OfType<Effect.Train>().Single().Round);
        Assert.Equal(Second(60 - 42), step.Effects.OfType<Effect.SetTimer>().Single().After);
    }

    private static TimeSpan Second(int second) => TimeSpan.FromSeconds(second);

    private static PeerSetup Setup(PeerId self) => new() { Self = self, Seed = 9, Roster = Roster, InitialModel = ModelHandle.OfContent([99]) };
}
