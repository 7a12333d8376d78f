using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Benchmarks.Steps;
using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>
/// Islands in simulation: D-SGD of 16 peers on a ring against plain PyTorch on the same batches (processor seconds of the training loop alone, one
/// thread; those of the start-up apart), aggregation, and what the protocols cost by themselves from 10 to 10,000 peers.
/// </summary>
internal static class IslandsBenchmark
{
    private const int Repeats = 5;

    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("islands");
        using var problem = new RingProblem();
        Training(problem, Used(), report);
        Aggregation(report);
        foreach (int peers in new[] { 10, 100, 1000, 10_000 })
        {
            Overhead("dpsgd", peers, seconds: peers > 1000 ? 5 : 20, report);
        }

        foreach (int peers in new[] { 10, 100, 1000, 10_000 })
        {
            Overhead("modest", peers, seconds: peers > 1000 ? 5 : 20, report);
        }

        return report;
    }

    // Until now this process has loaded the runtime, libtorch and the data, and made the engine.
    private static void Training(RingProblem problem, double load, BenchmarkReport report)
    {
        string folder = Directory.CreateTempSubdirectory("ddm-islands-").FullName;
        try
        {
            string data = Path.Combine(folder, "ring.safetensors");
            problem.Save(data);
            using DsgdScript? script = DsgdScript.TryStart(data);
            var arms = new List<(string Name, double Load, Func<RingTraining> Run)>
            {
                ("simulation", load, () => Simulated(problem)),
                ("rounds", load, () => Synchronous(problem)),
            };
            if (script is not null)
            {
                report.Environment["pytorch"] = script.Version;
                arms.Add(("pytorch", script.LoadSeconds, script.Run));
            }

            double[][] cpu = [.. arms.Select(_ => new double[Repeats])];
            double[] accuracy = new double[arms.Count];
            double[] making = new double[arms.Count];
            for (int repeat = -1; repeat < Repeats; repeat++)
            {
                for (int i = 0; i < arms.Count; i++)
                {
                    RingTraining training = arms[i].Run();
                    if (repeat < 0)
                    {
                        making[i] = training.Making;
                        continue;
                    }

                    (cpu[i][repeat], accuracy[i]) = (training.Cpu, training.Accuracy);
                }
            }

            for (int i = 0; i < arms.Count; i++)
            {
                report.Add($"ring-16/{arms[i].Name}", Figures.Median(cpu[i]), string.Create(
                    CultureInfo.InvariantCulture, $"CPU seconds ({cpu[i].Min():0.00} to {cpu[i].Max():0.00}), accuracy {accuracy[i]:0.0000}"));
                report.Figures[$"ring-16/{arms[i].Name}/accuracy"] = accuracy[i];
                report.Add($"ring-16/{arms[i].Name}/start-up", arms[i].Load + making[i], string.Create(
                    CultureInfo.InvariantCulture, $"CPU seconds before the loop: {arms[i].Load:0.00} for process, library and data, {making[i]:0.00} for the first peers"));
            }

            double flops = problem.Engine.Kind.TrainingFlops * RingProblem.Peers * RingProblem.Rounds * RingProblem.Steps * RingProblem.Batch;
            report.Add("ring-16/rounds/rate", flops / Figures.Median(cpu[1]) / 1e9, "GFLOP/s");
            for (int i = 0; i < 2 && arms.Count > 2; i++)
            {
                report.Ratios[$"islands/ring-16/{arms[i].Name}-over-pytorch"] = Figures.Median([.. cpu[2].Zip(cpu[i], (theirs, ours) => theirs / ours)]);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static RingTraining Simulated(RingProblem problem)
    {
        double before = Used();
        var plan = new SimulationPlan
        {
            Peers = RingProblem.Peers,
            Protocol = "dpsgd",
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Steps = RingProblem.Steps, Rounds = RingProblem.Rounds }),
            Topology = new TopologyPlan { Kind = "ring" },
            Seconds = 10_000,
        };
        using var run = new PeerSimulation(plan, problem.Training, stepSeconds: 0.02) { Slice = 2 };
        var last = new List<ModelHandle>();
        run.Completed = (_, round, model) =>
        {
            if (round == RingProblem.Rounds)
            {
                run.Task.Hold(model);
                last.Add(model);
            }
        };
        double making = Used() - before;
        double cpu = StepTiming.Of(1, () =>
        {
            run.Run(10_000, () => last.Count == RingProblem.Peers, CancellationToken.None);
            return 0;
        }).Cpu;
        return new RingTraining(making, cpu, run.Task.Judge(last).Average(j => j.Accuracy));
    }

    private static RingTraining Synchronous(RingProblem problem)
    {
        double before = Used();
        using var rounds = new PeerRounds(problem.Training, common: true);
        var mixing = new MetropolisMixing(Graphs.Ring(RingProblem.Peers));
        int[] all = [.. Enumerable.Range(0, RingProblem.Peers)];
        double making = Used() - before;
        double cpu = StepTiming.Of(1, () =>
        {
            for (int round = 0; round < RingProblem.Rounds; round++)
            {
                rounds.Train(round, RingProblem.Steps, all);
                rounds.Mix(i => mixing.Row(i, round));
            }

            return 0;
        }).Cpu;
        return new RingTraining(making, cpu, rounds.Accuracy(all));
    }

    // Processor seconds of this process.
    private static double Used() => Environment.CpuUsage.TotalTime.TotalSeconds;

    private static void Aggregation(BenchmarkReport report)
    {
        const int Models = 16, Times = 50;
        using var bank = new ModelBank(PerceptronKind.Benchmark.Length, 2 * Models + 1);
        int[] rows = [.. Enumerable.Range(0, Models).Select(_ => bank.Rent())], targets = [.. Enumerable.Range(0, Models).Select(_ => bank.Rent())];
        int target = bank.Rent();
        for (int i = 0; i < Models; i++)
        {
            PerceptronKind.Benchmark.Initialise(bank.Row(rows[i]), 1, (ulong)i);
        }

        double[] equal = [.. rows.Select(_ => 1.0)];
        float[] ring = new float[Models * Models];
        for (int i = 0; i < Models; i++)
        {
            ring[(i * Models) + i] = ring[(i * Models) + ((i + 1) % Models)] = ring[(i * Models) + ((i + Models - 1) % Models)] = 1f / 3;
        }

        report.Add("aggregation/mean-of-16", Milliseconds(() => ModelMixing.Mean(bank, target, rows, equal)), "ms for 16 models of 109,386 parameters");
        report.Add("aggregation/mixing-of-16", Milliseconds(() => ModelMixing.Mix(bank, rows, targets, ring)), "ms for a gossip step of 16 peers, one matrix product");

        static double Milliseconds(Action work)
        {
            double[] times = new double[Times];
            for (int i = -5; i < Times; i++)
            {
                long start = Stopwatch.GetTimestamp();
                work();
                times[Math.Max(i, 0)] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }

            return Figures.Median(times);
        }
    }

    // A model of one number that training leaves as it is: what is left is the protocol, the codec and the simulation.
    private static void Overhead(string protocol, int peers, double seconds, BenchmarkReport report)
    {
        const long ModelBytes = 437_544;
        var plan = new SimulationPlan
        {
            Peers = peers,
            Protocol = protocol,
            Topology = new TopologyPlan { Kind = "ring" },
            Task = new TaskPlan { Dimension = 1, Rate = 0, Skew = 0, ModelBytes = ModelBytes },
            Seconds = seconds,
        };
        SimulationResult? result = null;
        double cpu = StepTiming.Of(1, () =>
        {
            result = new Simulator(plan).Run();
            return 0;
        }).Cpu;
        string name = $"{protocol}/{peers}-peers";
        report.Add(name + "/per-message", 1e6 * cpu / result!.Messages, string.Create(
            CultureInfo.InvariantCulture, $"µs of CPU ({result.Messages} messages, {cpu:0.00} s for {seconds:0} s of virtual time, round {result.RoundAt(seconds)})"));
        report.Add(name + "/frame", result.FrameBytes / (double)result.Messages, "bytes of a frame on average");
    }
}
