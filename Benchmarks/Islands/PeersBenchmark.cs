using System.Globalization;
using System.Runtime;

using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Data;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>
/// 10 peers on grains train GN-LeNet by D-PSGD on a ring for 20 rounds of 5 steps of 20 images: processor seconds of local training, and of
/// everything else. One silo in one process, so no network is in it; frames, state writes, artifacts and aggregation are.
/// </summary>
internal static class PeersBenchmark
{
    private const int Peers = 10, Rounds = 20, LocalSteps = 5, Batch = 20, Repeats = 3;

    public static BenchmarkReport Run() => RunAsync().GetAwaiter().GetResult();

    private static async Task<BenchmarkReport> RunAsync()
    {
        var report = new BenchmarkReport("peers");
        using PeerData data = PeerData.Load(new PeerDataPlan { Peers = Peers, Images = 6000 }, DatasetCatalog.Default(), 1);
        var runtime = new ClassifierRuntime(new GroupNormLeNetKind(1, 28, 28, data.Classes), data, 0.05f);
        string folder = Directory.CreateTempSubdirectory("ddm-benchmark-").FullName;
        try
        {
            await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(
                new EmbeddedSiloOptions { RunFolder = folder, Learning = runtime, Slots = 1, ThreadsPerSlot = 1, LogLevel = LogLevel.None });
            double[] training = new double[Repeats], rest = new double[Repeats], share = new double[Repeats], slot = new double[Repeats], compiling = new double[Repeats];
            double accuracy = double.NaN;
            for (int repeat = -1; repeat < Repeats; repeat++)
            {
                TimeSpan before = Environment.CpuUsage.TotalTime;
                (double trained, double onSlot, TimeSpan compiled) = (runtime.TrainingSeconds, runtime.SlotSeconds, JitInfo.GetCompilationTime());
                RunStatus status = await TrainAsync(silo, $"peers-{repeat + 1}");
                if (repeat >= 0)
                {
                    training[repeat] = runtime.TrainingSeconds - trained;
                    rest[repeat] = (Environment.CpuUsage.TotalTime - before).TotalSeconds - training[repeat];
                    slot[repeat] = runtime.SlotSeconds - onSlot - training[repeat];
                    compiling[repeat] = (JitInfo.GetCompilationTime() - compiled).TotalSeconds;
                    share[repeat] = rest[repeat] / training[repeat];
                    accuracy = runtime.Accuracy(silo.Artifacts.Read(status.Models[0].Weights!.Sha256));
                }
            }

            report.Add("peers-10/training", Figures.Median(training), string.Create(
                CultureInfo.InvariantCulture, $"CPU seconds ({training.Min():0.00} to {training.Max():0.00}), accuracy of a peer {accuracy:0.0000}"));
            report.Add("peers-10/everything-else", Figures.Median(rest), string.Create(
                CultureInfo.InvariantCulture, $"CPU seconds ({rest.Min():0.00} to {rest.Max():0.00}); of them {Figures.Median(slot):0.00} on the slot, and {Figures.Median(compiling):0.00} s of compiling"));
            report.Add("peers-10/share", 100 * Figures.Median(share), "% of training");
            report.Ratios["peers/training-over-everything-else"] = 1 / Figures.Median(share);
            return report;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // One expert, and next to no router: a run has no fewer.
    private static async Task<RunStatus> TrainAsync(EmbeddedSilo silo, string name)
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
        IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));
        await run.SubmitAsync(SpecJson.Canonical(spec));
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await foreach (RunEvent e in run.WatchAsync(0).WithCancellation(late.Token))
        {
            if (e.Kind == RunEventKind.Fault)
            {
                throw new InvalidOperationException($"{e.Role} faulted: {e.Message}");
            }
        }

        RunStatus status = await run.GetStatusAsync();
        return status.Models[0].Island is { Round: >= Rounds }
            ? status
            : throw new InvalidOperationException($"The island did {status.Models[0].Island?.Round} of {Rounds} rounds.");
    }
}
