using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class DpsgdTests
{
    [Theory]
    [InlineData("ring")]
    [InlineData("star")]
    [InlineData("barbell")]
    [InlineData("one-peer-exponential")]
    [InlineData("random-regular")]
    public void Mixing_alone_preserves_the_mean_and_ends_in_consensus(string kind)
    {
        // One step of rate 1 takes each peer to its own centre in round 0; from then on nothing is learned.
        MixOnlyTask task = new();
        SimulationPlan plan = Plans.Of("dpsgd", peers: 16, seconds: 400) with
        {
            Topology = new TopologyPlan { Kind = kind },
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Rounds = 400, Steps = 1, DeadlineSeconds = 30 }),
        };
        Simulator simulator = new(plan, task);

        simulator.Run();

        double[] models = [.. Enumerable.Range(0, 16).Select(i => task.Get(Model(simulator, i))[0])];
        Assert.All(models, m => Assert.Equal(7.5, m, 1e-3));
        Assert.Equal(7.5, models.Average(), 1e-12);
    }

    [Fact]
    public void One_peer_exponential_averages_exactly_in_log2_rounds()
    {
        MixOnlyTask task = new();
        SimulationPlan plan = Plans.Of("dpsgd", peers: 16) with
        {
            Topology = new TopologyPlan { Kind = "one-peer-exponential" },
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Rounds = 4, Steps = 1, DeadlineSeconds = 30 }),
        };
        Simulator simulator = new(plan, task);

        simulator.Run();

        Assert.All(Enumerable.Range(0, 16), i => Assert.Equal(7.5, task.Get(Model(simulator, i))[0], 1e-12));
    }

    [Fact]
    public void Bytes_follow_the_formula()
    {
        SimulationPlan plan = Plans.Of("dpsgd", peers: 10, seconds: 1000) with
        {
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Rounds = 20, DeadlineSeconds = 30 }),
        };

        SimulationResult result = new Simulator(plan).Run();

        // n·k models a round on a k-regular graph, each in a frame of 8 + 40 bytes.
        Assert.Equal(20 * 10 * 2, result.Messages);
        Assert.Equal(20 * 10 * 2 * 48, result.FrameBytes);
        Assert.Equal(20L * 10 * 2 * 350_000, result.ModelBytes);
    }

    [Fact]
    public void Dead_neighbours_delay_two_rounds_and_no_more()
    {
        SimulationPlan plan = Plans.Of("dpsgd", peers: 6, seconds: 60) with
        {
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { DeadlineSeconds = 2 }),
            Faults = [new Fault { At = 10, Kind = FaultKind.Crash, Peers = [3] }],
        };

        SimulationResult result = new Simulator(plan).Run();

        Assert.True(result.RoundAt(60) > 80, $"only {result.RoundAt(60)} rounds");
        Assert.InRange(result.LongestStall(10, 60), 0, 3);
    }

    [Fact]
    public void Peer_that_was_away_goes_on_in_the_round_of_the_others()
    {
        SimulationPlan plan = Plans.Of("dpsgd", peers: 6, seconds: 60) with
        {
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { DeadlineSeconds = 2 }),
            Faults =
            [
                new Fault { At = 10, Kind = FaultKind.Crash, Peers = [3] }, new Fault { At = 30, Kind = FaultKind.Restart, Peers = [3] },
            ],
        };
        Simulator simulator = new(plan);

        simulator.Run();

        long[] rounds = [.. Enumerable.Range(0, 6).Select(i => ((Dpsgd.Saved)simulator.StateOf(i)!.DurablePart).Exchange)];
        Assert.InRange(rounds.Max() - rounds.Min(), 0, 3);
    }

    [Fact]
    public void Weight_of_a_missing_model_goes_to_the_own_one_and_late_or_repeated_models_are_ignored()
    {
        Dpsgd protocol = new(new DpsgdOptions { DeadlineSeconds = 2 });
        ModelHandle[] models = [.. Enumerable.Range(0, 4).Select(i => ModelHandle.OfContent([(byte)i]))];
        PeerSetup setup = new()
        {
            Self = new(0),
            Seed = 1,
            Roster = [new(0), new(1), new(2), new(3)],
            InitialModel = models[0],
            Mixing = new MetropolisMixing(Graphs.Ring(4)),
        };
        Step step = protocol.Handle(protocol.Create(setup), new Input.Start(), default);
        step = protocol.Handle(step.State, new Input.Message(new(1), new Dpsgd.Share(0, models[1])), default);
        step = protocol.Handle(step.State, new Input.Message(new(1), new Dpsgd.Share(0, models[3])), default);
        step = protocol.Handle(step.State, new Input.Message(new(2), new Dpsgd.Share(0, models[2])), default);
        step = protocol.Handle(step.State, new Input.Trained(1, models[0]), default);
        Assert.Equal([1UL, 3UL], step.Effects.OfType<Effect.Send>().Select(s => s.To.Value).Order());
        step = protocol.Handle(step.State, new Input.Timer(new TimerId("deadline", 0)), TimeSpan.FromSeconds(2));

        Effect.Aggregate mix = step.Effects.OfType<Effect.Aggregate>().Single();
        Assert.Equal([models[0], models[1]], mix.Models.Select(m => m.Model));
        Assert.Equal(1, mix.Models.Sum(m => m.Weight), 1e-12);
        Assert.Equal(2.0 / 3, mix.Models[0].Weight, 1e-12);
        Assert.Equal(2, step.State.Ignored);
        step = protocol.Handle(step.State, new Input.Aggregated(mix.Work, models[3]), TimeSpan.FromSeconds(2));
        Assert.Equal(new Dpsgd.Saved(1, models[3]), step.State.DurablePart);
        step = protocol.Handle(step.State, new Input.Message(new(3), new Dpsgd.Share(0, models[2])), TimeSpan.FromSeconds(3));
        Assert.Equal(3, step.State.Ignored);
    }

    [Fact]
    public void Round_that_nobody_can_have_reached_is_ignored()
    {
        Dpsgd protocol = new(new DpsgdOptions());
        PeerSetup setup = new()
        {
            Self = new(0),
            Seed = 1,
            Roster = [new(0), new(1), new(2)],
            InitialModel = ModelHandle.OfContent([1]),
            Mixing = new MetropolisMixing(Graphs.Ring(3)),
        };
        Step step = protocol.Handle(protocol.Create(setup), new Input.Start(), default);

        Step after = protocol.Handle(step.State, new Input.Message(new(1), new Dpsgd.Share(1L << 47, ModelHandle.OfContent([2]))), TimeSpan.FromHours(1));

        Assert.Equal(1, after.State.Ignored);
        Assert.Equal(step.State.DurablePart, after.State.DurablePart);
        Step jump = protocol.Handle(step.State, new Input.Message(new(1), new Dpsgd.Share(50, ModelHandle.OfContent([2]))), TimeSpan.FromHours(1));
        Assert.Equal(50, ((Dpsgd.Saved)jump.State.DurablePart).Exchange);
    }

    [Fact]
    public void Training_finds_the_common_optimum()
    {
        SimulationPlan plan = Plans.Of("dpsgd", peers: 8, seconds: 200) with { Topology = new TopologyPlan { Kind = "complete" } };
        Simulator simulator = new(plan);

        simulator.Run();

        QuadraticTask task = (QuadraticTask)simulator.Task;
        Assert.All(Enumerable.Range(0, 8), i => Assert.InRange(task.Error(Model(simulator, i)), 0, 1e-6));
    }

    private static ModelHandle Model(Simulator simulator, int peer) => simulator.StateOf(peer)!.Models.First();
}
