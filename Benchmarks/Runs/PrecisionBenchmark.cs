using System.Globalization;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Runs;

/// <summary>
/// Whether bfloat16 costs quality: the same U-Net trained in float32 and in bfloat16 on the same batches, judged by the paired held-out loss.
/// </summary>
internal static class PrecisionBenchmark
{
    private const int Images = 1000;
    private const int Strata = 4;
    private static readonly ulong[] Seeds = [0, 1, 2];

    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("precision");
        var ratios = new List<double>();
        foreach (ulong seed in Seeds)
        {
            var pair = new PairedLoss(Errors(seed, "bfloat16"), Errors(seed, "float32"), Strata);
            PairedLossResult result = pair.Compare(seed);
            string interval = string.Create(
                CultureInfo.InvariantCulture,
                $"bfloat16 minus float32; 95 % interval {result.Low:0.00000} to {result.High:0.00000}; losses {result.MeanA:0.00000}, {result.MeanB:0.00000}");
            report.Add($"seed-{seed}/paired-loss-difference", result.Difference, interval);
            report.Figures[$"seed-{seed}/low"] = result.Low;
            report.Figures[$"seed-{seed}/high"] = result.High;
            ratios.Add(result.MeanB / result.MeanA);
        }

        report.Ratios["precision/float32-loss-over-bfloat16-loss"] = Figures.Median([.. ratios]);
        return report;
    }

    private static double[] Errors(ulong seed, string precision)
    {
        set_num_threads(Environment.ProcessorCount);
        var spec = new RunSpec
        {
            Name = "precision",
            Seed = seed,
            Data = new DataSpec { Name = "shapes", ShapesSize = 16, ShapesCount = 4000 },
            Clustering = new ClusteringSpec { Method = "random" },
            Experts = new ExpertsSpec { Count = 1 },
            Model = new ModelSpec { Kind = "unet", Width = 32, Depth = 3 },
            Training = new TrainingSpec { Steps = 800, Batch = 64, LearningRate = 2e-3, Warmup = 100, EmaDecay = 0.99, Validations = 1, Precision = precision },
        };
        var runtime = new LearningRuntime(DatasetCatalog.Default());
        PreparedData data = runtime.Prepare(spec, CancellationToken.None);
        using ITrainingSession session = runtime.OpenTraining(spec, ModelRole.Expert(0), null);
        session.Train(TimeSpan.MaxValue, CancellationToken.None);
        var model = new ModelContents
        {
            Spec = spec,
            Channels = data.Channels,
            Height = data.Height,
            Width = data.Width,
            Classes = data.Classes,
            Priors = [1],
            Experts = [session.SaveWeights()],
        };
        using var ensemble = new LocalEnsemble(model);
        ImageDataset test = runtime.Data(spec).Splits.Test;
        return HeldOutLoss.Errors(
            ensemble.Denoiser("full"),
            NoiseSchedules.Parse(spec.Diffusion.Path),
            test,
            test.RowsByRank(Images, EvaluationRunner.Seed),
            Strata,
            EvaluationRunner.Seed);
    }
}
