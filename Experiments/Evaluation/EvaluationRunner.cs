using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>Judges a trained ensemble: samples under each mixing rule against real images, the held-out loss, and the router.</summary>
/// <param name="data">Images and clusters of the run.</param>
/// <param name="clusters">The clustering, to tell the cluster of test images.</param>
/// <param name="model">The trained model.</param>
/// <param name="source">Draws samples.</param>
public sealed class EvaluationRunner(TrainingData data, ClusteringResult clusters, ModelContents model, ISampleSource source)
{
    // The judge needs enough images for its covariances; more cost time and change little.
    private const int JudgeTrainingImages = 10_000;
    private const int JudgeTestImages = 5_000;

    // About six passes of its batches: a judge that is itself unsure of real images says little about samples.
    private const int JudgeImagesPerStep = 10;

    private readonly RunSpec _spec = model.Spec;

    /// <summary>Seed of the evaluation's samples and draws: fixed, so that runs are judged on the same noise.</summary>
    public static ulong Seed => 20_260_101;

    /// <summary>Judges the rules of <paramref name="evaluation"/>. Tensor work runs on a thread of its own.</summary>
    /// <param name="evaluation">What to measure.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellation">Stops the evaluation.</param>
    public async Task<EvaluationResult> RunAsync(EvaluationSpec evaluation, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        var clock = Stopwatch.StartNew();
        string[] rules = [.. evaluation.Rules.Where(rule => _spec.Experts.Count > 1 || rule == "full")];
        var results = new List<RuleResult>();
        using FeatureNetwork? network = evaluation.Samples == 0 ? null : await JudgeThread.RunAsync(() => Judge(progress, cancellation), cancellation);
        SampleReference? reference = network is null
            ? null
            : await JudgeThread.RunAsync(() => Reference(network, cancellation), cancellation);
        foreach (string rule in rules)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report($"{rule}: sampling");
            results.Add(await RuleAsync(rule, evaluation, reference, progress, cancellation));
        }

        IReadOnlyList<RouterJudgement> router = await JudgeThread.RunAsync(() => Router(evaluation), cancellation);
        return new EvaluationResult
        {
            Seed = Seed,
            Solver = string.Create(CultureInfo.InvariantCulture, $"{_spec.Sampling.Scheduler}, {_spec.Sampling.Steps} steps, {_spec.Sampling.Grid} grid"),
            Rules = results,
            Router = router,
            Seconds = clock.Elapsed.TotalSeconds,
        };
    }

    private static bool IsRandom(string rule) => rule.StartsWith("sample-", StringComparison.Ordinal) || rule == "sticky-prior";

    private async Task<RuleResult> RuleAsync(
        string rule, EvaluationSpec evaluation, SampleReference? reference, IProgress<string>? progress, CancellationToken cancellation)
    {
        SampleReport? report = null;
        SampledImages? sampled = null;
        if (reference is not null)
        {
            // The oracle needs the cluster of each sample: the same mix of clusters as in the training images.
            IReadOnlyList<int>? experts = rule == "oracle" ? ProportionalExperts(evaluation.Samples) : null;
            sampled = await source.SampleAsync(new SampleOrder(rule, evaluation.Samples, Seed, experts), null, cancellation);
            var pixels = new FeatureSet(sampled.Values, data.Splits.Train.ImageSize);
            report = await JudgeThread.RunAsync(() => reference.Report(pixels, cancellation), cancellation);
        }

        double[]? errors = null;
        int images = Math.Min(evaluation.LossImages, data.Splits.Test.Count);
        if (images > 0 && !IsRandom(rule))
        {
            progress?.Report($"{rule}: held-out loss");
            errors = await JudgeThread.RunAsync(() => Errors(rule, images, evaluation.LossStrata, cancellation), cancellation);
        }

        return new RuleResult(
            rule,
            report,
            errors?.Average(),
            errors is null ? null : [.. Enumerable.Range(0, evaluation.LossStrata).Select(s => errors.Where((_, i) => i % evaluation.LossStrata == s).Average())],
            errors is null ? 0 : images,
            rule == "oracle",
            sampled?.ExpertUse ?? [],
            sampled is { DroppedMass.Length: > 0 } ? sampled.DroppedMass.Average() : 0,
            sampled is null ? 0 : evaluation.Samples / sampled.Seconds);
    }

    private int[] ProportionalExperts(int count)
    {
        double[] cumulative = new double[model.Priors.Length];
        double sum = 0;
        for (int k = 0; k < cumulative.Length; k++)
        {
            cumulative[k] = sum += model.Priors[k];
        }

        return [.. Enumerable.Range(0, count).Select(i => Math.Min(
            Array.FindIndex(cumulative, c => (i + 0.5) / count * sum <= c) is var k && k < 0 ? cumulative.Length - 1 : k, cumulative.Length - 1))];
    }

    private double[] Errors(string rule, int images, int strata, CancellationToken cancellation)
    {
        using var ensemble = new LocalEnsemble(model);
        INoiseSchedule schedule = NoiseSchedules.Parse(_spec.Diffusion.Path);
        int[]? labels = rule == "oracle" ? clusters.AssignNew(data.Splits.Test) : null;
        return HeldOutLoss.Errors(
            ensemble.Denoiser(rule), schedule, data.Splits.Test, images, strata, Seed, labels, cancellation: cancellation);
    }

    private IReadOnlyList<RouterJudgement> Router(EvaluationSpec evaluation)
    {
        int images = Math.Min(evaluation.LossImages, data.Splits.Test.Count);
        using var ensemble = new LocalEnsemble(model);
        return ensemble.Router is null || images == 0
            ? []
            : RouterJudgement.Of(
                ensemble.Router,
                NoiseSchedules.Parse(_spec.Diffusion.Path),
                data.Splits.Test,
                clusters.AssignNew(data.Splits.Test),
                images,
                strata: 8,
                Seed);
    }

    private FeatureNetwork Judge(IProgress<string>? progress, CancellationToken cancellation)
    {
        progress?.Report("training the judge");
        ImageDataset train = data.Splits.Train;
        bool labelled = train.HasLabels;
        int[] labels = labelled ? train.Labels.ToArray() : [.. data.TrainClusters];
        var training = new FeatureTraining
        {
            Channels = train.Channels,
            Height = train.Height,
            Width = train.Width,
            Classes = labelled ? train.ClassNames.Count : data.Clusters,
            Seed = Seed,
            Steps = Math.Clamp(train.Count / JudgeImagesPerStep, 200, 6000),
        };
        return FeatureNetwork.Train(
            (rows, batch) =>
            {
                for (int i = 0; i < rows.Length; i++)
                {
                    train.CopyNormalized(rows[i], batch.Slice(i * train.ImageSize, train.ImageSize));
                }
            },
            labels,
            training,
            cancellation);
    }

    private SampleReference Reference(FeatureNetwork network, CancellationToken cancellation)
    {
        ImageDataset test = data.Splits.Test;
        int count = Math.Min(test.Count, JudgeTestImages);
        int[]? labels = test.HasLabels ? test.Labels[..count].ToArray() : null;
        return new SampleReference(
            network,
            Pixels(data.Splits.Train, Math.Min(data.Splits.Train.Count, JudgeTrainingImages)),
            Pixels(test, count),
            labels,
            Seed,
            cancellation);
    }

    private static FeatureSet Pixels(ImageDataset images, int count)
    {
        var values = new float[count * images.ImageSize];
        for (int i = 0; i < count; i++)
        {
            images.CopyNormalized(i, values.AsSpan(i * images.ImageSize, images.ImageSize));
        }

        return new FeatureSet(values, images.ImageSize);
    }
}
