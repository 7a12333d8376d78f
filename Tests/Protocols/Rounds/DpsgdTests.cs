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

        long[] rounds = [.. Enumerable.Range(0, 6).Select(i => ((Dpsgd.Saved)simulator.StateOf(i)!.DurablePart).Round)];
        Assert.InRange(rounds.Max() - rounds.Min(), 0, 3);
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

    /// <summary>Round 0 gives peer i the model [i]; later rounds change nothing.</summary>
    private sealed class MixOnlyTask() : ArrayTask(new double[1], 0.01, null)
    {
        protected override double[] Train(double[] model, TrainWork work) => work.Round == 0 ? [work.Peer] : model;
    }
}
