using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>Classifiers as what simulated peers learn.</summary>
public sealed class ClassificationTaskTests
{
    [Theory]
    [InlineData(0f, "mean")]
    [InlineData(0.9f, "mean")]
    [InlineData(0f, "variance-corrected")]
    public void Synchronous_rounds_compute_what_the_simulation_of_D_PSGD_computes(float momentum, string rule)
    {
        const int Peers = 6, Rounds = 4;
        using var tiny = new TinyPeers(Peers, new LocalStep(10, momentum));
        var plan = new SimulationPlan
        {
            Seed = 5,
            Peers = Peers,
            Protocol = "dpsgd",
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Steps = 3, Rounds = Rounds, Aggregator = new AggregatorOptions { Rule = rule } }),
            Topology = new TopologyPlan { Kind = "ring" },
            Seconds = 60,
        };
        using var simulated = new PeerSimulation(plan, tiny.Training, stepSeconds: 0.02);
        var models = new ModelHandle[Peers];
        simulated.Completed = (peer, round, model) => models[peer] = round == Rounds ? model : models[peer];
        simulated.Run(60, () => false, CancellationToken.None);

        using var rounds = new PeerRounds(tiny.Training, common: true);
        Topology graph = Graphs.Ring(Peers);
        var mixing = new MetropolisMixing(graph);
        for (int round = 0; round < Rounds; round++)
        {
            rounds.Train(round, 3, Enumerable.Range(0, Peers));
            if (rule == "mean")
            {
                rounds.Mix(i => mixing.Row(i, round));
            }
            else
            {
                rounds.MixCorrected(i => graph.Neighbours[i]);
            }
        }

        for (int p = 0; p < Peers; p++)
        {
            float[] expected = rounds.Model(p).ToArray(), got = simulated.Task.Model(models[p]).ToArray();
            Assert.Equal(expected, got, (a, b) => Math.Abs(a - b) < 1e-5);
        }

        Assert.NotEqual(rounds.Model(0).ToArray(), rounds.Model(3).ToArray());
    }

    [Fact]
    public void What_is_computed_together_does_not_change_a_model()
    {
        using var tiny = new TinyPeers(3, new LocalStep(10));
        ulong[] together = Digests(tiny, 0, 1, 2), alone = Digests(tiny, 1);
        Assert.Equal(together[1], alone[0]);
        Assert.NotEqual(together[0], together[1]);
    }

    [Fact]
    public void Cancelled_training_leaves_the_velocity_and_gives_its_rows_back()
    {
        using var tiny = new TinyPeers(2, new LocalStep(10, 0.9f));
        ulong undisturbed = AfterTwo(tiny, cancel: false), disturbed = AfterTwo(tiny, cancel: true);
        Assert.Equal(undisturbed, disturbed);
    }

    [Fact]
    public void Training_that_diverges_is_a_failure_and_leaves_no_model()
    {
        using var tiny = new TinyPeers(1, new LocalStep(10), rate: 1e30f);
        using var task = new ClassificationTask(tiny.Training, 0.02);
        TrainWork work = new(0, task.InitialModel, 0, 20, 1);
        task.Begin(work);
        Assert.Null(task.Complete(work));
        Assert.Equal(1, task.Count);
    }

    [Fact]
    public void Models_that_nobody_names_are_dropped_unless_held()
    {
        using var tiny = new TinyPeers(2, new LocalStep(10));
        using var task = new ClassificationTask(tiny.Training, 0.02);
        ModelHandle mean = task.Aggregate(new AggregationRule.WeightedMean(), [new Contribution(new PeerId(0), task.InitialModel, 1)])!.Value;
        task.Hold(mean);
        task.Retain(new HashSet<ModelHandle>());
        Assert.Equal(2, task.Count);
        task.Release(mean);
        task.Retain(new HashSet<ModelHandle>());
        Assert.Equal(1, task.Count);
    }

    // Two trainings of peer 0, and between them one that is cancelled after it was computed.
    private static ulong AfterTwo(TinyPeers tiny, bool cancel)
    {
        using var task = new ClassificationTask(tiny.Training, 0.02);
        TrainWork first = new(0, task.InitialModel, 0, 5, 1);
        task.Begin(first);
        ModelHandle model = task.Complete(first)!.Value;
        if (cancel)
        {
            TrainWork cancelled = new(0, model, 1, 5, 2), other = new(1, model, 1, 5, 3);
            task.Begin(cancelled);
            task.Begin(other);
            task.Complete(other);
            task.Cancel(cancelled);
        }

        TrainWork after = new(0, model, 2, 5, 4);
        task.Begin(after);
        return task.Digest(task.Complete(after)!.Value);
    }

    private static ulong[] Digests(TinyPeers tiny, params int[] peers)
    {
        using var task = new ClassificationTask(tiny.Training, 0.02);
        TrainWork[] work = [.. peers.Select(p => new TrainWork(p, task.InitialModel, 7, 5, p))];
        foreach (TrainWork one in work)
        {
            task.Begin(one);
        }

        return [.. work.Select(w => task.Digest(task.Complete(w)!.Value))];
    }
}
