using System.Diagnostics;

using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Runs;

/// <summary>What training inside a grain costs: slices, checkpoints, state and events against the bare loop over the same session.</summary>
internal static class GrainBenchmark
{
    private const int Rounds = 5;
    private const int Steps = 200;

    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("grain");
        RunSpec spec = BenchmarkRun.Spec(experts: 1, Steps);
        var runtime = new LearningRuntime(DatasetCatalog.Default());
        runtime.Prepare(spec, CancellationToken.None);
        var bare = new double[Rounds];
        var grain = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            bare[round] = Bare(runtime, spec);
            grain[round] = BenchmarkRun.TrainAsync(spec, slots: 1, threads: 1).GetAwaiter().GetResult();
        }

        report.Add("bare-loop", BenchmarkRun.Images(spec) / Figures.Median(bare), "images/s");
        report.Add("in-grain", BenchmarkRun.Images(spec) / Figures.Median(grain), "images/s");
        report.Add("overhead", 100 * (Figures.Median([.. grain.Zip(bare, (a, b) => a / b)]) - 1), "% of the bare loop's time");
        report.Ratios["grain/in-grain-over-bare-loop"] = Figures.Median([.. bare.Zip(grain, (a, b) => a / b)]);
        return report;
    }

    private static double Bare(LearningRuntime runtime, RunSpec spec)
    {
        set_num_threads(1);
        var clock = Stopwatch.StartNew();
        using ITrainingSession session = runtime.OpenTraining(spec, ModelRole.Expert(0), null);
        session.Train(TimeSpan.MaxValue, CancellationToken.None);
        session.SaveWeights();
        return clock.Elapsed.TotalSeconds;
    }
}
