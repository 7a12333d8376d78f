using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class GossipLearningTests
{
    [Fact]
    public void Merge_weighs_by_age_then_trains_and_ages_by_the_steps()
    {
        GossipLearning protocol = new(new GossipOptions { Steps = 3 });
        (ModelHandle own, ModelHandle other, ModelHandle merged) = (Handle(1), Handle(2), Handle(3));
        PeerSetup setup = new() { Self = new(0), Seed = 1, Roster = [new(0), new(1)], InitialModel = own };
        PeerState state = protocol.Create(setup);
        state = protocol.Handle(state, new Input.Recover(new GossipLearning.Saved(10, 4, own)), default).State;

        Step merging = protocol.Handle(state, new Input.Message(new(1), new GossipLearning.Share(30, 7, other)), default);
        Effect.Aggregate aggregate = Assert.IsType<Effect.Aggregate>(Assert.Single(merging.Effects));
        Assert.Equal([(own, 10.0), (other, 30.0)], aggregate.Models.Select(m => (m.Model, m.Weight)));

        Step training = protocol.Handle(merging.State, new Input.Aggregated(aggregate.Work, merged), default);
        Effect.Train train = Assert.IsType<Effect.Train>(Assert.Single(training.Effects));
        Assert.Equal((merged, 3, 4L), (train.Model, train.Steps, train.Round));

        Step done = protocol.Handle(training.State, new Input.Trained(train.Work, Handle(4)), default);
        Assert.Equal(new GossipLearning.Saved(33, 5, Handle(4)), done.State.DurablePart);
        Assert.IsType<Effect.Persist>(done.Effects[0]);
    }

    [Fact]
    public void Peer_that_nobody_reaches_trains_alone_until_it_hears_again()
    {
        GossipLearning protocol = new(new GossipOptions { Steps = 3 });
        PeerState state = protocol.Create(new() { Self = new(0), Seed = 1, Roster = [new(0), new(1)], InitialModel = Handle(1) });
        Effect.Train[] Tick()
        {
            Step step = protocol.Handle(state, new Input.Timer(new("period")), TimeSpan.FromSeconds(20));
            state = step.State;
            return [.. step.Effects.OfType<Effect.Train>()];
        }

        Assert.All(Enumerable.Range(0, 9), _ => Assert.Empty(Tick()));
        for (byte training = 0; training < 3; training++)
        {
            Effect.Train alone = Assert.Single(Tick());
            Assert.Equal((training, Handle((byte)(training + 1))), (alone.Round, alone.Model));
            Assert.Empty(Tick()); // it is at it
            state = protocol.Handle(state, new Input.Trained(alone.Work, Handle((byte)(training + 2))), default).State;
            Assert.Equal(new GossipLearning.Saved(3 * (training + 1), training + 1, Handle((byte)(training + 2))), state.DurablePart);
        }

        // What it hears is merged, and it waits for others again.
        Step heard = protocol.Handle(state, new Input.Message(new(1), new GossipLearning.Share(3, 7, Handle(9))), TimeSpan.FromSeconds(20));
        Effect.Aggregate merge = Assert.Single(heard.Effects.OfType<Effect.Aggregate>());
        Step training4 = protocol.Handle(heard.State, new Input.Aggregated(merge.Work, Handle(8)), default);
        Effect.Train merged = Assert.Single(training4.Effects.OfType<Effect.Train>());
        state = protocol.Handle(training4.State, new Input.Trained(merged.Work, Handle(7)), default).State;
        Assert.Equal(new GossipLearning.Saved(12, 4, Handle(7)), state.DurablePart);
        Assert.All(Enumerable.Range(0, 9), _ => Assert.Empty(Tick()));
        Assert.Single(Tick());
    }

    [Fact]
    public void While_busy_only_the_oldest_model_waits()
    {
        GossipLearning protocol = new(new GossipOptions());
        PeerSetup setup = new() { Self = new(0), Seed = 1, Roster = [new(0), new(1), new(2), new(3)], InitialModel = Handle(1) };
        PeerState state = protocol.Create(setup);
        state = protocol.Handle(state, new Input.Message(new(1), new GossipLearning.Share(5, 1, Handle(2))), default).State;
        state = protocol.Handle(state, new Input.Message(new(2), new GossipLearning.Share(9, 2, Handle(3))), default).State;
        state = protocol.Handle(state, new Input.Message(new(3), new GossipLearning.Share(7, 3, Handle(4))), default).State;

        Assert.Equal((9, 1), (((PeerState<GossipLearning.Saved, GossipLearning.Live>)state).Volatile.Waiting!.Value.Share.Age, state.Ignored));
    }

    [Fact]
    public void Unknown_inputs_change_nothing_and_are_counted()
    {
        GossipLearning protocol = new(new GossipOptions());
        PeerState before = protocol.Create(new() { Self = new(0), Seed = 1, Roster = [new(0), new(1)], InitialModel = Handle(1) });
        Input[] unknown =
        [
            new Input.Trained(77, Handle(9)), new Input.Aggregated(5, Handle(9)), new Input.Timer(new("nothing")),
            new Input.Fetched(3, Handle(9)), new Input.FetchFailed(3, "x"), new Input.Message(new(42), new GossipLearning.Share(5, 4, Handle(2))),
            new Input.Message(new(1), new Dpsgd.Share(5, Handle(2))), new Input.Recover(new Dpsgd.Saved(1, Handle(2))),
            new Input.Message(new(1), new OrleansDDM.Protocols.Messages.LeaveRequest()),
        ];
        PeerState after = unknown.Aggregate(before, (s, i) => protocol.Handle(s, i, default).State);

        Assert.Equal(unknown.Length, after.Ignored);
        Assert.Equal(before, after with { Ignored = 0 });
    }

    [Fact]
    public void Half_the_peers_die_and_the_rest_agrees_on_a_good_model()
    {
        SimulationPlan plan = Plans.Of("gossip", 3, 20, 200) with
        {
            Task = new TaskPlan { Kind = "regression", Dimension = 5, Skew = 0.3 },
            Faults = [new Fault { At = 50, Kind = FaultKind.Crash, Peers = Plans.Range(0, 10) }],
        };
        Simulator simulator = new(plan);
        LinearRegressionTask task = (LinearRegressionTask)simulator.Task;
        double untrained = task.Loss(task.InitialModel);

        simulator.Run();

        Assert.All(Plans.Range(10, 10), p => Assert.InRange(task.Loss(simulator.StateOf(p)!.DurablePart.Models.First()), 0, 0.35 * untrained));
    }

    [Fact]
    public void Topology_limits_who_talks_to_whom()
    {
        HashSet<(int From, int To)> pairs = [];
        Simulator simulator = new(Plans.Of("gossip", 3, 8, 60) with { Topology = new TopologyPlan { Kind = "ring" } })
        {
            Observer = o => pairs.UnionWith(o.Effects.OfType<Effect.Send>().Select(s => (o.Peer, (int)s.To.Value))),
        };

        simulator.Run();

        Assert.Equal(16, pairs.Count);
        Assert.All(pairs, p => Assert.Contains((p.To - p.From + 8) % 8, new[] { 1, 7 }));
    }

    [Fact]
    public void Schedule_that_changes_is_followed_through_its_periods()
    {
        HashSet<int> offsets = [];
        Simulator simulator = new(Plans.Of("gossip", 3, 8, 60) with { Topology = new TopologyPlan { Kind = "one-peer-exponential" } })
        {
            Observer = o => offsets.UnionWith(o.Effects.OfType<Effect.Send>().Select(s => ((int)s.To.Value - o.Peer + 8) % 8)),
        };

        simulator.Run();

        Assert.Equal([1, 2, 4], offsets.Order());
    }

    [Fact]
    public void Age_that_no_model_can_have_is_ignored()
    {
        GossipLearning protocol = new(new GossipOptions());
        PeerState state = protocol.Create(new() { Self = new(0), Seed = 1, Roster = [new(0), new(1)], InitialModel = Handle(1) });

        Step step = protocol.Handle(state, new Input.Message(new(1), new GossipLearning.Share(1L << 47, 5, Handle(2))), TimeSpan.FromHours(1));

        Assert.Equal(1, step.State.Ignored);
        Assert.DoesNotContain(step.Effects, e => e is Effect.Aggregate);
    }

    private static ModelHandle Handle(byte name) => ModelHandle.OfContent([name]);
}
