using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Measures one trained arm.</summary>
/// <param name="plan">The plan.</param>
/// <param name="run">The run that was trained.</param>
/// <param name="data">Its images.</param>
/// <param name="clusters">Its clustering.</param>
/// <param name="model">Its model.</param>
/// <param name="source">Draws samples of it.</param>
/// <param name="judge">The judge of the plan.</param>
public sealed class ArmEvaluator(
    ComparePlan plan, CompareRun run, TrainingData data, ClusteringResult clusters, ModelContents model, ISampleSource source, CompareJudge judge)
{
    private readonly bool _told = run.Arm.Kind == ArmKind.ConditionalMonolith;
    private readonly CompareMetric _metric = plan.Metric;

    /// <summary>p(k): of the experts, or of the clusters that the network is told.</summary>
    private double[] Priors => _told
        ? ClassMix.Shares(data.Splits.Train.Labels.Span, run.Arm.Clusters)
        : model.Priors;

    /// <summary>Measures the arm. Tensor work runs on a thread of its own.</summary>
    /// <param name="times">What training took.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellation">Stops the measurement.</param>
    public async Task<ArmMeasurement> RunAsync(ArmTimes times, IProgress<string>? progress, CancellationToken cancellation)
    {
        DataSplits splits = data.Splits;
        Gaussian test = await JudgeThread.RunAsync(() => judge.Reference(splits.Test, cancellation));
        Gaussian? validation = run.Choosing ? await JudgeThread.RunAsync(() => judge.Reference(splits.Validation, cancellation)) : null;
        var rules = new List<RuleMeasurement>();
        foreach (string rule in run.Arm.Rules)
        {
            progress?.Report($"{run.Name}: {rule}: sampling");
            rules.Add(await RuleAsync(rule, test, validation, cancellation));
        }

        progress?.Report($"{run.Name}: held-out loss");
        float[] errors = await JudgeThread.RunAsync(() => Errors(CompareRules.Full, splits.Test, cancellation));
        float[] train = await JudgeThread.RunAsync(() => Errors(CompareRules.Full, splits.Train, cancellation));
        float[]? oracle = model.Experts.Length == 1 ? null : await JudgeThread.RunAsync(() => Errors("oracle", splits.Test, cancellation));
        return new ArmMeasurement
        {
            Arm = run.Arm.Name,
            Seed = run.Seed,
            PlanHash = plan.Hash,
            TestErrors = errors,
            TestLoss = errors.Average(e => (double)e),
            TrainLoss = train.Average(e => (double)e),
            OracleLoss = oracle?.Average(e => (double)e),
            Rules = rules,
            Priors = Priors,
            Parameters = model.Experts.Append(model.Router).OfType<byte[]>().Sum(Parameters),
            TrainingFlops = TrainingFlops.Of(run.Spec, plan.Shape).Total,
            Times = times,
        };
    }

    /// <summary>The cluster that each sample is told: the draws of the rule sticky-prior, so that both arms sample the same clusters.</summary>
    /// <param name="priors">p(k).</param>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">Seed of the samples.</param>
    public static int[] DrawClusters(double[] priors, int count, ulong seed)
    {
        IMixingRule rule = MixingRules.Parse(CompareRules.StickyPrior, priors);
        var context = new MixingContext { SampleIds = [.. Enumerable.Range(0, count).Select(i => (ulong)i)], Seed = seed };
        MixingPlan drawn = rule.Plan([], priors.Length, context);
        return [.. Enumerable.Range(0, count).Select(i => Array.IndexOf(drawn.Weights, 1.0, i * priors.Length, priors.Length) - (i * priors.Length))];
    }

    private static long Parameters(byte[] weights) => SafetensorsReader.Read(weights).Entries.Sum(e => (long)e.Count);

    private async Task<RuleMeasurement> RuleAsync(string rule, Gaussian test, Gaussian? validation, CancellationToken cancellation)
    {
        SampledImages samples = await SampleAsync(rule, _metric.Samples, _metric.TestNoise(run.Seed), cancellation);
        double distance = await JudgeThread.RunAsync(() => judge.Distance(samples.Values, test, cancellation));
        double? chosenBy = null;
        if (validation is not null)
        {
            SampledImages others = await SampleAsync(rule, _metric.ValidationSamples, _metric.ValidationNoise(run.Seed), cancellation);
            chosenBy = await JudgeThread.RunAsync(() => judge.Distance(others.Values, validation, cancellation));
        }

        double expert = ModelFlops.Denoiser(run.Spec.Model, plan.Shape);
        double router = model.Router is null ? 0 : ModelFlops.Router(run.Spec.Router.Model, plan.Shape, model.Experts.Length);
        double[] use = [.. Enumerable.Range(0, model.Experts.Length).Select(k => samples.ExpertUse.Average(step => step[k]))];
        return new RuleMeasurement(
            rule, distance, chosenBy, use, CompareRules.SamplingFlops(rule, run.Spec, samples.Evaluations, samples.ExpertEvaluations, expert, router), _metric.Samples / samples.Seconds);
    }

    private Task<SampledImages> SampleAsync(string rule, int count, ulong seed, CancellationToken cancellation)
    {
        int[]? classes = _told
            ? DrawClusters(Priors, count, seed)
            : run.Spec.Model.ClassConditional ? ClassMix.Draw(data.Splits.Train, count, seed) : null;
        return source.SampleAsync(new SampleOrder(_told ? CompareRules.Full : rule, count, seed, Classes: classes), null, cancellation);
    }

    private float[] Errors(string rule, ImageDataset images, CancellationToken cancellation)
    {
        using var ensemble = new LocalEnsemble(model);
        double[] errors = HeldOutLoss.Errors(
            ensemble.Denoiser(rule),
            NoiseSchedules.Parse(run.Spec.Diffusion.Path),
            images,
            images.RowsByRank(_metric.LossImages, _metric.Seed),
            _metric.LossStrata,
            _metric.Seed,
            rule == "oracle" ? clusters.AssignNew(images) : null,
            run.Spec.Model.ClassConditional,
            cancellation);
        return Array.ConvertAll(errors, e => (float)e);
    }
}
