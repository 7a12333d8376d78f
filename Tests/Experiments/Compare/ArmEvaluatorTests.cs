using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Compare;

/// <summary>Arms with networks of a few steps, and a source that hands out real images in place of samples.</summary>
public sealed class ArmEvaluatorTests
{
    private static readonly ComparePlan Plan = ComparePlan.Create(
        new RunSpec
        {
            Data = new DataSpec { Name = "shapes", ShapesCount = 400, ShapesSize = 8, Validation = 0.2 },
            Clustering = new ClusteringSpec { Dimensions = 4, FineCentroids = 8 },
            Model = new ModelSpec { Patch = 4, Width = 8, Depth = 1, Heads = 2 },
            Router = new RouterSpec { Model = new ModelSpec { Width = 8, Depth = 1, Heads = 2 }, StepShare = 1, Batch = 8 },
            Training = new TrainingSpec { Steps = 3, Batch = 16 },
            Evaluation = new EvaluationSpec { Samples = 66, LossImages = 10, LossStrata = 2, Rules = ["top-1", "sticky-prior"] },
        },
        [2],
        [0],
        new ModelShape(1, 8, 8, 4),
        metric => metric with { JudgeSteps = 20, ReferenceImages = 66 });

    private readonly LearningRuntime _learning = new(new DatasetCatalog([]));

    [Fact]
    public async Task An_ensemble_is_measured_under_all_of_its_rules()
    {
        (ArmMeasurement measured, RealImages source) = await MeasureAsync("ddm-2-features");
        Assert.Equal(["full", "top-1", "sticky-prior"], measured.Rules.Select(r => r.Rule));
        Assert.All(measured.Rules, r => Assert.True(r.Distance < 1e-3, $"test images are {r.Distance} from themselves"));
        Assert.All(measured.Rules, r => Assert.True(r.ValidationDistance > r.Distance));
        Assert.Equal(20, measured.TestErrors.Length);
        Assert.Equal(measured.TestErrors.Average(), measured.TestLoss, 1e-5);
        Assert.NotNull(measured.OracleLoss);
        Assert.NotEqual(measured.TestLoss, measured.TrainLoss);
        Assert.Equal(2, measured.Priors.Length);
        double expert = ModelFlops.Denoiser(Plan.Arms[0].Spec.Model, Plan.Shape);
        double router = ModelFlops.Router(Plan.Arms[0].Spec.Router.Model, Plan.Shape, 2);
        Assert.Equal((60 * expert) + (40 * router), measured.Rules.Single(r => r.Rule == "top-1").SamplingFlops, 1);
        Assert.Equal(60 * expert, measured.Rules.Single(r => r.Rule == "sticky-prior").SamplingFlops, 1);
        Assert.All(source.Orders, order => Assert.Null(order.Classes));
        Assert.Equal(2, source.Orders.Select(order => order.Seed).Distinct().Count()); // validation has noise of its own
    }

    [Fact]
    public async Task A_told_monolith_is_sampled_with_clusters_from_the_prior()
    {
        (ArmMeasurement measured, RealImages source) = await MeasureAsync("monolith-told-2");
        SampleOrder order = Assert.Single(source.Orders);
        Assert.Equal("full", order.Rule);
        Assert.Equal(ArmEvaluator.DrawClusters(measured.Priors, 66, order.Seed), order.Classes);
        Assert.Equal([0, 1], order.Classes!.Distinct().Order());
        Assert.Equal(1, measured.Priors.Sum(), 1e-9);
        Assert.Null(measured.OracleLoss);
        Assert.Null(measured.Rules[0].ValidationDistance);
    }

    [Fact]
    public void Parameters_and_weights_of_the_judge_survive_a_save()
    {
        DataSplits splits = _learning.Data(Plan.Runs[0].Spec).Splits;
        using CompareJudge judge = CompareJudge.Train(Plan.Metric, splits);
        using CompareJudge loaded = CompareJudge.Load(Plan.Metric, judge.Save());
        Assert.Equal(judge.Facts(splits), loaded.Facts(splits));
        Assert.True(judge.Facts(splits).Floor > 0);
    }

    [Fact]
    public void The_floor_is_of_images_that_the_judge_has_not_seen()
    {
        DataSplits splits = _learning.Data(Plan.Runs[0].Spec).Splits;
        using CompareJudge judge = CompareJudge.Train(Plan.Metric, splits);
        JudgeFacts facts = judge.Facts(splits);
        Assert.Equal(facts.Floor, judge.Facts(splits with { Train = splits.Train.Subset([0, 1, 2]) }).Floor);
        Assert.Equal(0, judge.Facts(splits with { Validation = splits.Test }).Floor, 1e-3);
        Assert.Equal(66, facts.FloorImages);
        JudgeFacts few = judge.Facts(splits with { Validation = splits.Validation.Subset([.. Enumerable.Range(0, 20)]) });
        Assert.Equal((20, 0.0), (few.FloorImages, few.FloorDeviation));
        Assert.Contains("fewer than the 66 samples", CompareMarkdown.Caption(Findings(few)), StringComparison.Ordinal);
        Assert.DoesNotContain("fewer than", CompareMarkdown.Caption(Findings(facts)), StringComparison.Ordinal);

        static CompareFindings Findings(JudgeFacts facts) => CompareFindings.Of(Plan, facts, MadeUp.Measure(Plan, (_, _) => 1, _ => 1));
    }

    private async Task<(ArmMeasurement Measured, RealImages Source)> MeasureAsync(string arm)
    {
        CompareRun run = Plan.Runs.Single(r => r.Arm.Name == arm);
        RunSpec spec = run.Spec;
        TrainingData data = _learning.Data(spec);
        byte[][] weights = [.. ModelRole.Of(spec.Experts.Count).Select(role =>
        {
            using ITrainingSession session = _learning.OpenTraining(spec, role, null);
            while (session.Step < session.Steps)
            {
                session.Train(TimeSpan.FromMinutes(1), CancellationToken.None);
            }

            return session.SaveWeights();
        })];
        var model = new ModelContents
        {
            Spec = spec,
            Channels = 1,
            Height = 8,
            Width = 8,
            Classes = data.Shape.Classes,
            Priors = [.. _learning.Clusters(spec).Priors],
            Experts = weights[..spec.Experts.Count],
            Router = weights.ElementAtOrDefault(spec.Experts.Count),
        };
        using CompareJudge judge = CompareJudge.Train(Plan.Metric, data.Splits);
        var source = new RealImages(data.Splits.Test, spec.Experts.Count);
        var evaluator = new ArmEvaluator(Plan, run, data, _learning.Clusters(spec), model, source, judge);
        return (await evaluator.RunAsync(new ArmTimes(1, 1, 1), null, default), source);
    }

    private sealed class RealImages(ImageDataset images, int experts) : ISampleSource
    {
        public List<SampleOrder> Orders { get; } = [];

        public Task<SampledImages> SampleAsync(SampleOrder order, IProgress<double>? progress, CancellationToken cancellation)
        {
            Orders.Add(order);
            var values = new float[order.Count * images.ImageSize];
            for (int i = 0; i < order.Count; i++)
            {
                images.CopyNormalized(i, values.AsSpan(i * images.ImageSize, images.ImageSize));
            }

            double[][] use = [[.. Enumerable.Repeat(1.0 / experts, experts)]];
            return Task.FromResult(new SampledImages(values, use, [0], 1, [order.Count, 1, images.Height, images.Width], 40, 60));
        }
    }
}
