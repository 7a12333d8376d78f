using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class DadaoRoundsTests
{
    [Fact]
    public void Peers_find_the_common_optimum()
    {
        Simulator simulator = new(Plan(400, new NetworkPlan { Latency = "uniform", LatencySeconds = 0.01 }));
        QuadraticTask task = (QuadraticTask)simulator.Task;

        simulator.Run();

        Assert.All(Enumerable.Range(0, 8), p => Assert.InRange(task.Error(simulator.StateOf(p)!.DurablePart.Models.First()), 0, 0.02 * task.Error(task.InitialModel)));
    }

    [Fact]
    public void Exchanges_happen_at_both_ends_or_at_none_whatever_is_lost()
    {
        // Σ z is 0 at any time that no exchange is half done: each adds m at one end and −m at the other, at one τ.
        SimulationPlan plan = Plan(400, new NetworkPlan { Loss = 0.1, Duplication = 0.1, Reordering = 0.2, DelaySeconds = 3, Corruption = 0.02, Jitter = 0.3 }) with
        {
            TrainFailure = 0.05,
            Faults =
            [
                .. Enumerable.Range(0, 30).SelectMany(i => new[]
                {
                    new Fault { At = 10 + (12.3 * i), Kind = FaultKind.Crash, Peers = [i % 8, (i * 3) % 8] },
                    new Fault { At = 10 + (12.3 * i) + 0.4 + (i % 5), Kind = FaultKind.Restart, Peers = [i % 8, (i * 3) % 8] },
                }),
            ],
        };
        Simulator simulator = new(plan);
        int balanced = 0;
        for (double time = 5; time < 400; time += 0.25)
        {
            simulator.RunUntil(time);
            DadaoRounds.Saved[] peers = [.. Enumerable.Range(0, 8).Select(p => simulator.StateOf(p)?.DurablePart).OfType<DadaoRounds.Saved>()];
            if (peers.Length == 8 && peers.All(p => p.Doubt is null))
            {
                balanced++;
                Assert.True(Imbalance(simulator, peers) < 1e-9, $"{Imbalance(simulator, peers)} at {time} s");
            }
        }

        Assert.True(balanced > 20, $"only {balanced} moments without doubt");
        Assert.True(Enumerable.Range(0, 8).Sum(p => ((DadaoRounds.Saved)simulator.StateOf(p)!.DurablePart).Exchanges) > 300);
    }

    private static SimulationPlan Plan(double seconds, NetworkPlan network) => Plans.Of("dadao", 2, 8, seconds) with
    {
        Topology = new TopologyPlan { Kind = "ring" },
        Network = network,
        Task = new TaskPlan { StepSeconds = 0.001, ModelBytes = 100 },
        Options = SimulationPlan.OptionsOf(new DadaoOptions { UnitSeconds = 4 }),
    };

    // ‖Σ z‖ with every peer integrated to the same time.
    private static double Imbalance(Simulator simulator, DadaoRounds.Saved[] peers)
    {
        EdgeRates rates = EdgeRates.Uniform(Graphs.Ring(8));
        DadaoFlow flow = new(new DadaoParameters(1, 1, rates.Chi1P / rates.Total));
        long last = peers.Max(p => p.At);
        double[] sum = new double[8];
        foreach (DadaoRounds.Saved peer in peers)
        {
            double[][] state = [.. peer.Vectors.Select(v => v.IsNone ? new double[8] : (double[])((ArrayTask)simulator.Task).Get(v).Clone())];
            DadaoFlow.Apply(flow.Exponential((last - peer.At) / (4.0 * TimeSpan.TicksPerSecond)), state);
            sum = [.. sum.Zip(state[4], (a, b) => a + b)];
        }

        return Math.Sqrt(sum.Sum(s => s * s));
    }
}
