using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>
/// 10 peers on grains train GN-LeNet by D-PSGD on a ring for 20 rounds of 5 steps of 20 images: processor seconds of local training, of everything else,
/// and of the start-up. Once with all peers on one silo in this process, once with a silo in a process of its own for each of them.
/// </summary>
internal static class PeersBenchmark
{
    /// <summary>Number of peers, and of silos where each has its own.</summary>
    public const int Peers = 10;

    private const int Rounds = 20, LocalSteps = 5, Batch = 20, Repeats = 3, Neighbours = 2;
    private const double Goal = 10;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Names of its two parts.</summary>
    public static IReadOnlyList<string> Parts { get; } = [OneSiloArm.Title, SilosArm.Title];

    /// <summary>Runs it. An interrupt ends the silos first.</summary>
    /// <param name="only">The part that is run; null = both.</param>
    public static BenchmarkReport Run(string? only)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        return RunAsync(only, stop.Token).GetAwaiter().GetResult();

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>What trains the peers: the same in every process.</summary>
    public static ClassifierRuntime Runtime()
    {
        PeerData data = PeerData.Load(new PeerDataPlan { Peers = Peers, Images = 6000 }, DatasetCatalog.Default(), 1);
        return new ClassifierRuntime(new GroupNormLeNetKind(1, 28, 28, data.Classes), data, 0.05f);
    }

    private static async Task<BenchmarkReport> RunAsync(string? only, CancellationToken cancellation)
    {
        var report = new BenchmarkReport("peers");
        ClassifierRuntime runtime = Runtime();
        if (only is null or OneSiloArm.Title)
        {
            await using IPeersArm one = await OneSiloArm.StartAsync(runtime, cancellation);
            await MeasureAsync(one, runtime, report, cancellation);
        }

        if (only is null or SilosArm.Title)
        {
            await using IPeersArm many = await SilosArm.StartAsync(cancellation);
            await MeasureAsync(many, runtime, report, cancellation);
        }

        return report;
    }

    // The first run is the cold one: most of its compiling is done in it.
    private static async Task MeasureAsync(IPeersArm arm, ClassifierRuntime runtime, BenchmarkReport report, CancellationToken cancellation)
    {
        string name = $"peers-{Peers}/{arm.Name}";
        report.Add(name + "/start-up", Sum(arm.Use()).Cpu, $"CPU seconds until all silos are active: {arm.Words}");
        var runs = new List<Outcome>();
        for (int repeat = 0; repeat <= Repeats; repeat++)
        {
            runs.Add(await TrainAsync(arm, string.Create(CultureInfo.InvariantCulture, $"peers-{repeat}"), cancellation));
        }

        report.Add(name + "/first-run", runs[0].Use.Cpu, string.Create(
            CultureInfo.InvariantCulture, $"CPU seconds, of them {runs[0].Use.Training:0.00} of training; {runs[0].Use.Compiling:0.00} s of compiling by the clock"));
        runs.RemoveAt(0);
        double judged = runtime.Accuracy(Weights(arm.Folder, runs[^1].Status));
        string accuracy = string.Create(CultureInfo.InvariantCulture, $"; {Median(runs, r => r.Counts.Trainings):0} trainings, accuracy of a peer {judged:0.0000}");
        string outside = arm.Silos > 1 ? string.Create(CultureInfo.InvariantCulture, $", {Median(runs, r => r.Outside):0.00} in PostgreSQL and the client") : string.Empty;
        AddSpread(report, name + "/training", runs, r => r.Use.Training, "CPU seconds", accuracy);
        AddSpread(report, name + "/everything-else", runs, r => r.Use.Rest, "CPU seconds", string.Create(CultureInfo.InvariantCulture,
            $"; of them {Median(runs, r => r.Use.Slot - r.Use.Training):0.00} on the slots{outside}; {Median(runs, r => r.Use.Compiling):0.00} s of compiling by the clock"));
        double share = Median(runs, r => 100 * r.Use.Rest / r.Use.Training);
        AddSpread(report, name + "/share", runs, r => 100 * r.Use.Rest / r.Use.Training, "% of training", share <= Goal ? $"; the goal of {Goal} % is met" : $"; the goal of {Goal} % is missed");
        AddSpread(report, name + "/wall", runs, r => r.Wall, "s");
        AddSpread(report, name + "/per-message", runs, r => 1e6 * r.Use.Rest / r.Counts.FramesSent, "µs of CPU beside training", string.Create(
            CultureInfo.InvariantCulture, $"; {Median(runs, r => r.Counts.FramesSent):0} frames of {Median(runs, r => (double)r.Counts.FrameBytes / r.Counts.FramesSent):0} bytes"));

        // D-PSGD: after each training a model of 4 bytes a parameter to each neighbour.
        double formula = Neighbours * 4.0 * runtime.Parameters;
        double OverFormula(Outcome run) => (run.Counts.ModelBytes + run.Counts.FrameBytes) / (formula * run.Counts.Trainings);
        AddSpread(report, name + "/bytes-over-formula", runs, OverFormula, "of 2 models of 4 bytes a parameter for each training", string.Create(
            CultureInfo.InvariantCulture, $"; {Median(runs, r => r.Counts.ModelBytes / 1e6):0.0} MB of models in {Median(runs, r => r.Counts.ModelsReceived):0}"));
        report.Ratios[$"peers/{arm.Name}/training-over-everything-else"] = 100 / share;
    }

    // One expert, and next to no router: a run has no fewer.
    private static async Task<Outcome> TrainAsync(IPeersArm arm, string name, CancellationToken cancellation)
    {
        var spec = new RunSpec
        {
            Name = name,
            Experts = new ExpertsSpec { Count = 1 },
            Router = new RouterSpec { StepShare = 0.001 },
            Training = new TrainingSpec { Steps = Rounds * LocalSteps * Peers, Batch = Batch, CheckpointSeconds = 10 },
            Islands = new IslandsSpec
            {
                Peers = Peers,
                Protocol = "dpsgd",
                Topology = "ring",
                Shards = "iid",
                MinSamples = 1,
                LocalSteps = LocalSteps,
                Batch = Batch,
                Moments = "fresh",
            },
        };
        IReadOnlyList<PeersUse> before = arm.Use();
        var clock = Stopwatch.StartNew();
        IRunGrain run = arm.Grains.GetGrain<IRunGrain>(GrainKeys.Run(name));
        await run.SubmitAsync(SpecJson.Canonical(spec), cancellation: cancellation);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(Limit);
        await foreach (RunEvent e in run.WatchAsync(0).WithCancellation(late.Token))
        {
            if (e.Kind == RunEventKind.Fault)
            {
                throw new InvalidOperationException($"{e.Role} faulted: {e.Message}");
            }
        }

        double wall = clock.Elapsed.TotalSeconds;
        PeersUse[] use = [.. arm.Use().Zip(before, (now, then) => now - then)];
        RunStatus status = await run.GetStatusAsync(cancellation);
        if (status.Models[0].Island is not { Round: >= Rounds })
        {
            throw new InvalidOperationException($"The island did {status.Models[0].Island?.Round} of {Rounds} rounds.");
        }

        // A silo that others did not know yet when the island began has no peer.
        double[] training = [.. use.Take(arm.Silos).Select(u => u.Training)];
        if (training.Min() < training.Average() / 2)
        {
            string seconds = string.Join(", ", training.Select(t => t.ToString("0.00", CultureInfo.InvariantCulture)));
            throw new InvalidOperationException($"The peers are not spread evenly over the silos: their seconds of training are {seconds}.");
        }

        return new Outcome(Sum(use), use.Skip(arm.Silos).Sum(u => u.Cpu), wall, status);
    }

    private static PeersUse Sum(IEnumerable<PeersUse> uses) => uses.Aggregate((a, b) => a + b);

    private static double Median(IEnumerable<Outcome> runs, Func<Outcome, double> of) => Figures.Median([.. runs.Select(of)]);

    private static void AddSpread(BenchmarkReport report, string name, List<Outcome> runs, Func<Outcome, double> of, string unit, string more = "") => report.Add(
        name, Median(runs, of), string.Create(CultureInfo.InvariantCulture, $"{unit} ({runs.Min(of):0.00} to {runs.Max(of):0.00}){more}"));

    private static byte[] Weights(string folder, RunStatus status) =>
        File.ReadAllBytes(Directory.EnumerateFiles(folder, status.Models[0].Weights!.Sha256, SearchOption.AllDirectories).First());

    /// <summary>One run.</summary>
    /// <param name="Use">What it took in all processes.</param>
    /// <param name="Outside">CPU seconds of it in processes that are no silo.</param>
    /// <param name="Wall">Seconds from submit to ready.</param>
    /// <param name="Status">The run at its end.</param>
    private sealed record Outcome(PeersUse Use, double Outside, double Wall, RunStatus Status)
    {
        /// <summary>Sum over the peers of both islands.</summary>
        public PeerCounts Counts { get; } = Status.Models.Select(m => m.Island!.Counts).Aggregate((a, b) => a.Plus(b));
    }
}
