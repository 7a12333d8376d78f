using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>DecAvg, DFedSAM and DiLoCo: what they do besides D-PSGD.</summary>
public sealed class NeighbourRoundsTests
{
    private static readonly ModelHandle[] Models = [.. Enumerable.Range(0, 6).Select(i => ModelHandle.OfContent([(byte)i]))];

    [Fact]
    public void Decavg_weighs_by_samples_and_leaves_out_who_is_missing()
    {
        DecAvg protocol = new(new DecAvgOptions { DeadlineSeconds = 2 });
        PeerSetup setup = Ring(4) with { Samples = 30 };
        Step step = protocol.Handle(protocol.Create(setup), new Input.Start(), default);
        step = protocol.Handle(step.State, new Input.Message(new(1), new DecAvg.SizedShare(0, Models[1], 10)), default);
        step = protocol.Handle(step.State, new Input.Trained(1, Models[0]), default);
        Assert.All(step.Effects.OfType<Effect.Send>(), s => Assert.Equal(30, ((DecAvg.SizedShare)s.Body).Samples));
        step = protocol.Handle(step.State, new Input.Timer(new TimerId("deadline", 0)), TimeSpan.FromSeconds(2));

        Effect.Aggregate mix = step.Effects.OfType<Effect.Aggregate>().Single();
        Assert.Equal([(Models[0], 30.0), (Models[1], 10.0)], mix.Models.Select(m => (m.Model, m.Weight)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Dfedsam_mixes_with_the_power_of_the_matrix_and_keeps_the_mean(int gossipSteps)
    {
        MixOnlyTask task = new();
        Simulator simulator = new(
            Plans.Of("dfedsam", peers: 12, seconds: 400) with
            {
                Options = SimulationPlan.OptionsOf(new DfedSamOptions { GossipSteps = gossipSteps, Rounds = 3, DeadlineSeconds = 30 }),
            },
            task);

        SimulationResult result = simulator.Run();

        var matrix = Spectrum.MixingMatrix(new MetropolisMixing(Graphs.Ring(12))).Power(3 * gossipSteps);
        double[] wanted = [.. matrix * MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(12, i => i)];
        double[] models = [.. Enumerable.Range(0, 12).Select(i => task.Get(simulator.StateOf(i)!.DurablePart.Models.First())[0])];
        Assert.Equal(wanted.Select(w => Math.Round(w, 10)), models.Select(m => Math.Round(m, 10)));
        Assert.Equal(5.5, models.Average(), 1e-12);
        Assert.Equal(3, result.RoundAt(400));
        Assert.Equal(12 * 2 * 3 * gossipSteps, result.Messages);
        Assert.Equal(12 * 3, result.Trainings);
    }

    [Fact]
    public void Sharpness_aware_step_goes_along_the_gradient_from_the_edge_of_the_ball()
    {
        QuadraticTask task = new(1, 1, 3, rate: 0.5);
        double[] centre = task.Centre(0);
        double norm = Math.Sqrt(centre.Sum(c => c * c));
        TrainWork work = new(0, task.InitialModel, 0, 1, 0) { Rule = new TrainingRule.SharpnessAware(0.2) };

        double[] trained = task.Get(task.Complete(work)!.Value);

        // g = −c at 0; the probe is −ρ·c/‖c‖, its gradient −c·(1 + ρ/‖c‖).
        Assert.All(trained.Zip(centre), p => Assert.Equal(0.5 * p.Second * (1 + (0.2 / norm)), p.First, 1e-12));
    }

    [Fact]
    public void Diloco_on_the_complete_graph_is_nesterov_on_the_mean_difference()
    {
        SimulationPlan plan = Plans.Of("diloco", peers: 5, seconds: 400) with
        {
            Topology = new TopologyPlan { Kind = "complete" },
            Options = SimulationPlan.OptionsOf(new DiLoCoOptions { Steps = 10, Rounds = 6, DeadlineSeconds = 30, OuterRate = 0.7, OuterMomentum = 0.9 }),
        };
        Simulator simulator = new(plan);
        simulator.Run();
        QuadraticTask task = (QuadraticTask)simulator.Task;

        double[] theta = new double[8], momentum = new double[8];
        for (int round = 0; round < 6; round++)
        {
            double left = Math.Pow(1 - 0.05, 10);
            for (int d = 0; d < 8; d++)
            {
                double mean = Enumerable.Range(0, 5).Average(p => task.Centre(p)[d] + (left * (theta[d] - task.Centre(p)[d])));
                double delta = theta[d] - mean;
                momentum[d] = (0.9 * momentum[d]) + delta;
                theta[d] -= 0.7 * (delta + (0.9 * momentum[d]));
            }
        }

        for (int peer = 0; peer < 5; peer++)
        {
            Assert.All(task.Get(simulator.StateOf(peer)!.DurablePart.Models.First()).Zip(theta), p => Assert.Equal(p.Second, p.First, 1e-9));
        }
    }

    [Fact]
    public void Peer_that_hears_nobody_waits_for_its_deadlines_and_one_that_hears_some_does_not()
    {
        // Alone it could train and mix ten times a second.
        SimulationPlan plan = Plans.Of("dpsgd", 1, 8, 90) with { Options = SimulationPlan.OptionsOf(new DpsgdOptions { DeadlineSeconds = 3 }) };
        long Rounds(params int[] dead)
        {
            Simulator simulator = new(plan with { Faults = [new Fault { At = 20, Kind = FaultKind.Crash, Peers = [.. dead] }] });
            simulator.RunUntil(30);
            long before = ((Dpsgd.Saved)simulator.StateOf(0)!.DurablePart).Exchange;
            simulator.Run();
            return ((Dpsgd.Saved)simulator.StateOf(0)!.DurablePart).Exchange - before;
        }

        Assert.InRange(Rounds(1, 7), 19, 21);
        Assert.True(Rounds(1) > 60, "the dead neighbour is waited for in every round");
    }

    [Fact]
    public void Diloco_that_jumps_ahead_in_the_middle_of_an_outer_step_begins_the_next_one_anew()
    {
        DiLoCo protocol = new(new DiLoCoOptions { DeadlineSeconds = 5 });
        Step step = protocol.Handle(protocol.Create(Ring(3)), new Input.Start(), default);
        void On(Input input) => step = protocol.Handle(step.State, input, TimeSpan.FromSeconds(1));
        On(new Input.Message(new(1), new NeighbourRounds.Share(0, Models[1])));
        On(new Input.Message(new(2), new NeighbourRounds.Share(0, Models[2])));
        On(new Input.Trained(1, Models[3]));
        On(new Input.Aggregated(2, Models[4]));
        Assert.Equal(3, step.Effects.OfType<Effect.Aggregate>().Single().Work);

        On(new Input.Message(new(1), new NeighbourRounds.Share(9, Models[1])));
        On(new Input.Message(new(2), new NeighbourRounds.Share(9, Models[2])));
        On(new Input.Trained(4, Models[3]));
        On(new Input.Aggregated(5, Models[5]));

        // m ← θ − average.
        Assert.Equal([(Models[0], 1.0), (Models[5], -1.0)], step.Effects.OfType<Effect.Aggregate>().Single().Models.Select(m => (m.Model, m.Weight)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Diloco_whose_outer_step_fails_goes_on_with_the_average_and_the_old_momentum(int stage)
    {
        DiLoCo protocol = new(new DiLoCoOptions { DeadlineSeconds = 5 });
        Step step = protocol.Handle(protocol.Create(Ring(3)), new Input.Start(), default);
        void On(Input input) => step = protocol.Handle(step.State, input, TimeSpan.FromSeconds(1));
        void Round(long round, long work, params ModelHandle[] results)
        {
            On(new Input.Message(new(1), new NeighbourRounds.Share(round, Models[1])));
            On(new Input.Message(new(2), new NeighbourRounds.Share(round, Models[2])));
            On(new Input.Trained(work, Models[3]));
            foreach (ModelHandle result in results)
            {
                On(new Input.Aggregated(++work, result));
            }
        }

        Round(0, 1, Models[1], Models[4], Models[2]);
        Assert.Equal(new DiLoCo.OuterSaved(1, Models[2], Models[4]), step.State.DurablePart);
        Round(1, 5, [Models[5], .. stage == 3 ? [Models[1]] : Array.Empty<ModelHandle>(), default]);

        Assert.Equal(new DiLoCo.OuterSaved(2, Models[5], Models[4]), step.State.DurablePart);
        Assert.Contains(step.Effects, e => e is Effect.Train { Round: 2 } train && train.Model == Models[5]);
    }

    [Fact]
    public void Diloco_with_rate_one_and_no_momentum_is_dpsgd()
    {
        NeighbourOptions[] both =
        [
            new DiLoCoOptions { Steps = 5, Rounds = 8, DeadlineSeconds = 30, OuterRate = 1, OuterMomentum = 0 },
            new DpsgdOptions { Steps = 5, Rounds = 8, DeadlineSeconds = 30 },
        ];
        double[][][] models = [.. both.Zip(["diloco", "dpsgd"], (options, name) =>
        {
            Simulator simulator = new(Plans.Of(name, 4, 9, 400) with { Options = SimulationPlan.OptionsOf<object>(options) });
            simulator.Run();
            return Enumerable.Range(0, 9).Select(p => ((ArrayTask)simulator.Task).Get(simulator.StateOf(p)!.DurablePart.Models.First())).ToArray();
        })];

        for (int peer = 0; peer < 9; peer++)
        {
            Assert.All(models[0][peer].Zip(models[1][peer]), p => Assert.Equal(p.Second, p.First, 1e-12));
        }
    }

    [Theory]
    [InlineData("dpsgd", true)]
    [InlineData("epidemic", true)]
    [InlineData("gossip", true)]
    [InlineData("fedavg", false)]
    [InlineData("modest", false)]
    public void Aggregator_can_be_chosen_and_knows_the_own_model_where_there_is_one(string protocol, bool own)
    {
        HashSet<AggregationRule> rules = [];
        Simulator simulator = new(Plans.Of(protocol, peers: 6) with
        {
            Options = System.Text.Json.JsonDocument.Parse("""{"aggregator": {"rule": "variance-corrected", "beta": 0.4, "target": "both"}}""").RootElement,
        })
        {
            Observer = o => rules.UnionWith(o.Effects.OfType<Effect.Aggregate>().Select(a => a.Rule)
                .Select(r => r is AggregationRule.VarianceCorrected { Self: { } self } v && self.Value == (ulong)o.Peer ? v with { Self = new PeerId(999) } : r)),
        };

        simulator.Run();

        Assert.Equal([new AggregationRule.VarianceCorrected(own ? new PeerId(999) : null, 0.4, VarianceTarget.Both)], rules);
    }

    private static PeerSetup Ring(int count) => new()
    {
        Self = new(0),
        Seed = 1,
        Roster = [.. Enumerable.Range(0, count).Select(i => new PeerId((ulong)i))],
        InitialModel = Models[0],
        Mixing = new MetropolisMixing(Graphs.Ring(count)),
    };
}
