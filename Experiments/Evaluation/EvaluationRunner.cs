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
    private readonly RunSpec _spec = model.Spec;

    /// <summary>Seed of the evaluation's samples and draws: fixed, so that runs are judged on the same noise.</summary>
    public static ulong Seed => 20_260_101;

    /// <summary>Most training images of the Fréchet distance: covariances need enough, and more change little. The memorisation check searches all.</summary>
    public int ReferenceImages { get; init; } = 10_000;

    /// <summary>Most test images of the floor.</summary>
    public int FloorImages { get; init; } = 5_000;

    /// <summary>
    /// Judges the rules of <paramref name="evaluation"/>. Tensor work runs on a thread of its own. Data that cannot be judged costs the comparison
    /// with real images, and the result says why, but never the held-out loss.
    /// </summary>
    /// <param name="evaluation">What to measure.</param>
    /// <param name="sampling">Solver and steps of the samples; null = the run's.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellation">Stops the evaluation.</param>
    public async Task<EvaluationResult> RunAsync(
        EvaluationSpec evaluation, SamplingSpec? sampling = null, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        sampling ??= _spec.Sampling;
        var clock = Stopwatch.StartNew();
        string[] rules = [.. evaluation.Rules.Where(rule => _spec.Experts.Count > 1 || rule == "full")];
        var results = new List<RuleResult>();
        (Judge? judge, SampleReference? reference, string? reason) = evaluation.Samples == 0
            ? (null, null, null)
            : await JudgeThread.RunAsync(() => Prepare(evaluation, progress, cancellation), cancellation);
        using Judge? owned = judge;
        foreach (string rule in rules)
        {
            cancellation.ThrowIfCancellationRequested();
            results.Add(await RuleAsync(rule, evaluation, sampling, reference, progress, cancellation));
        }

        IReadOnlyList<RouterJudgement> router = await JudgeThread.RunAsync(() => Router(evaluation), cancellation);
        return new EvaluationResult
        {
            Seed = Seed,
            Solver = string.Create(CultureInfo.InvariantCulture, $"{sampling.Scheduler}, {sampling.Steps} steps, {sampling.Grid} grid"),
            NotJudged = reason,
            JudgedBy = judge is null ? null : Judge.HasClasses(data.Splits.Train) ? "labels" : "clusters",
            ClassConditional = _spec.Model.ClassConditional,
            Rules = results,
            Router = router,
            Seconds = clock.Elapsed.TotalSeconds,
        };
    }

    private static bool IsRandom(string rule) => rule.StartsWith("sample-", StringComparison.Ordinal) || rule == "sticky-prior";

    private async Task<RuleResult> RuleAsync(
        string rule,
        EvaluationSpec evaluation,
        SamplingSpec sampling,
        SampleReference? reference,
        IProgress<string>? progress,
        CancellationToken cancellation)
    {
        SampleReport? report = null;
        SampledImages? sampled = null;
        if (evaluation.Samples > 0)
        {
            progress?.Report($"{rule}: sampling");

            // The oracle needs the cluster of each sample: the same mix of clusters as in the training images, and of clusters with classes.
            bool told = _spec.Model.ClassConditional;
            int[]? classes = told ? ClassMix.Draw(data.Splits.Train, evaluation.Samples, Seed) : null;
            IReadOnlyList<int>? experts = rule != "oracle"
                ? null
                : told
                    ? Array.ConvertAll(ClassMix.Rows(data.Splits.Train, evaluation.Samples, Seed), row => data.TrainClusters[row])
                    : ProportionalExperts(evaluation.Samples);
            var order = new SampleOrder(rule, evaluation.Samples, Seed, experts, sampling.Steps, sampling.Scheduler, Classes: classes);
            sampled = await source.SampleAsync(order, null, cancellation);
        }

        if (reference is not null && sampled is not null)
        {
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
            ensemble.Denoiser(rule),
            schedule,
            data.Splits.Test,
            data.Splits.Test.RowsByRank(images, Seed),
            strata,
            Seed,
            labels,
            _spec.Model.ClassConditional,
            cancellation);
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
                data.Splits.Test.RowsByRank(images, Seed),
                strata: 8,
                Seed);
    }

    private (Judge? Judge, SampleReference? Reference, string? Reason) Prepare(
        EvaluationSpec evaluation, IProgress<string>? progress, CancellationToken cancellation)
    {
        if (evaluation.Samples < Judge.LeastImages)
        {
            return (null, null, $"{evaluation.Samples} samples are too few to judge, at least {Judge.LeastImages} are needed");
        }

        if (Judge.Obstacle(data.Splits) is { } obstacle)
        {
            return (null, null, obstacle);
        }

        progress?.Report("training the judge");
        Judge judge;
        try
        {
            judge = Judge.Train(data.Splits.Train, Seed, cancellation: cancellation);
        }
        catch (Exception e) when (e is DatasetException or TrainingDivergedException)
        {
            return (null, null, "no judge could be trained: " + e.Message);
        }

        try
        {
            return (judge, Reference(judge, cancellation), null);
        }
        catch
        {
            judge.Dispose();
            throw;
        }
    }

    private SampleReference Reference(Judge judge, CancellationToken cancellation)
    {
        (ImageDataset train, ImageDataset test) = (data.Splits.Train, data.Splits.Test);
        int[] rows = test.RowsByRank(FloorImages, Seed);
        return new SampleReference(
            judge.Network,
            Judge.Pixels(train, train.RowsByRank(ReferenceImages, Seed)),
            Judge.Pixels(test, rows),
            test.HasLabels && Judge.HasClasses(train) ? Array.ConvertAll(rows, row => test.Labels.Span[row]) : null,
            Seed,
            () => Judge.AllPixels(train),
            cancellation);
    }
}
