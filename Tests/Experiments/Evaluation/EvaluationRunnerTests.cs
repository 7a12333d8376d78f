using System.Text.Json.Nodes;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Evaluation;

/// <summary>Runs of one expert that is trained for two steps, with real images handed out in place of samples.</summary>
public sealed class EvaluationRunnerTests
{
    private static readonly EvaluationSpec Evaluation = new() { Samples = 40, LossImages = 8, LossStrata = 2, Rules = ["full"] };

    [Fact]
    public async Task Evaluate_and_compare_judge_in_the_same_feature_space()
    {
        TrainingData data = Data(Striped(300));
        EvaluationResult result = (await EvaluateAsync(data, Evaluation)).Result;
        using CompareJudge judge = await JudgeThread.RunAsync(() => CompareJudge.Train(Metric, data.Splits));
        Assert.Equal(judge.FeatureSpace, result.Rules[0].Samples!.FeatureSpace);
        Assert.Equal("labels", result.JudgedBy);
    }

    [Fact]
    public async Task Images_with_one_class_or_none_are_judged_by_clusters_whatever_the_number_of_experts()
    {
        ImageDataset images = Striped(300);
        TrainingData data = Data(Without(images));
        EvaluationResult result = (await EvaluateAsync(data, Evaluation)).Result;
        Assert.Equal("clusters", result.JudgedBy);
        Assert.Null(result.Rules[0].Samples!.TestAccuracy);
        Assert.Equal(10, result.Rules[0].Samples!.Classes);

        // One class is as good as none, for compare too.
        TrainingData same = Data(images.WithLabels(new int[images.Count], ["all"]));
        using CompareJudge judge = await JudgeThread.RunAsync(() => CompareJudge.Train(Metric, same.Splits));
        Assert.Equal(judge.FeatureSpace, result.Rules[0].Samples!.FeatureSpace);
    }

    [Theory]
    [InlineData(300, 4, 40, "4x4 pixels")]
    [InlineData(300, 68, 40, "68x68 pixels")]
    [InlineData(6, 8, 40, "2 test images")]
    [InlineData(300, 8, 3, "3 samples are too few")]
    public async Task What_cannot_be_judged_says_why_and_still_has_its_loss(int count, int side, int samples, string reason)
    {
        (EvaluationResult result, RealImages source) = await EvaluateAsync(Data(Striped(count, side)), Evaluation with { Samples = samples, LossImages = 2 });
        Assert.Contains(reason, result.NotJudged, StringComparison.Ordinal);
        Assert.Null(result.Rules[0].Samples);
        Assert.True(result.Rules[0].Loss > 0);
        Assert.Single(source.Orders);
        Assert.Contains(reason, JsonNode.Parse(result.ToJson())!["notJudged"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(result.NotJudged, EvaluationResult.FromJson(result.ToJson()).NotJudged);
    }

    [Fact]
    public async Task Images_all_alike_without_labels_are_not_judged()
    {
        var same = new ImageDataset("same", "train", 1, 8, 8, new byte[64 * 60]);
        EvaluationResult result = (await EvaluateAsync(Data(same), Evaluation)).Result;
        Assert.StartsWith("no judge could be trained", result.NotJudged, StringComparison.Ordinal);
        Assert.True(result.Rules[0].Loss > 0);
    }

    [Fact]
    public async Task Samples_of_a_class_conditional_run_have_the_mix_of_the_training_images()
    {
        TrainingData data = Data(Striped(300));
        ModelSpec model = Model with { ClassConditional = true };
        (EvaluationResult result, RealImages source) = await EvaluateAsync(data, Evaluation with { Samples = 400, LossImages = 2 }, model);
        Assert.True(result.ClassConditional);
        IReadOnlyList<int> classes = Assert.Single(source.Orders).Classes!;
        double[] shares = ClassMix.Shares(data.Splits.Train.Labels.Span, 3);
        Assert.All(Enumerable.Range(0, 3), c => Assert.Equal(shares[c], classes.Count(k => k == c) / 400.0, 0.08));
        Assert.Equal(classes.Take(9), ClassMix.Draw(data.Splits.Train, 9, EvaluationRunner.Seed));
    }

    [Fact]
    public async Task The_loss_of_a_class_conditional_run_is_told_the_true_class()
    {
        // The class says where the image is bright, which at much noise nothing else does.
        TrainingData data = Data(Striped(300));
        ModelSpec model = Model with { ClassConditional = true, ConditionDropout = 0, Width = 32, Heads = 4 };
        (ModelContents trained, ClusteringResult clusters) = Train(data, model, steps: 300);
        var runner = new EvaluationRunner(data, clusters, trained, new RealImages(data.Splits.Test));
        EvaluationSpec loss = Evaluation with { Samples = 0, LossImages = 30, LossStrata = 4 };
        double told = (await runner.RunAsync(loss)).Rules[0].Loss!.Value;
        ImageDataset test = data.Splits.Test;
        int[] wrong = [.. test.Labels.ToArray().Select(label => (label + 1) % 3)];
        TrainingData lied = data with { Splits = data.Splits with { Test = test.WithLabels(wrong, test.ClassNames) } };
        double misled = (await new EvaluationRunner(lied, clusters, trained, new RealImages(test)).RunAsync(loss)).Rules[0].Loss!.Value;
        Assert.True(told < 0.95 * misled, $"told {told}, misled {misled}");
    }

    [Fact]
    public async Task Steps_and_scheduler_of_an_evaluation_stand_in_its_result()
    {
        var sampling = new SamplingSpec { Steps = 7, Scheduler = "heun" };
        (EvaluationResult result, RealImages source) = await EvaluateAsync(Data(Striped(30)), Evaluation with { Samples = 2 }, sampling: sampling);
        Assert.Equal("heun, 7 steps, linear grid", result.Solver);
        Assert.Equal((7, "heun"), (source.Orders[0].Steps, source.Orders[0].Scheduler));
    }

    [Fact]
    public async Task Class_sorted_images_are_judged_on_all_classes_and_searched_for_copies_in_full()
    {
        // The first half lacks the last class.
        TrainingData data = Data(Striped(500, sorted: true), held: 100);
        ImageDataset train = data.Splits.Train;
        (ModelContents model, ClusteringResult clusters) = Train(data, Model, steps: 2);
        EvaluationSpec evaluation = Evaluation with { Samples = 150, LossImages = 0 };
        async Task<SampleReport> Judged(ImageDataset images) =>
            (await new EvaluationRunner(data, clusters, model, new RealImages(images)) { ReferenceImages = 150, FloorImages = 50 }.RunAsync(evaluation)).Rules[0].Samples!;

        SampleReport copies = await Judged(train.Subset([.. Enumerable.Range(train.Count - 150, 150)]));
        Assert.Equal((300, 1.0, 0.0), (copies.Memorisation.Training, copies.Memorisation.ShareBelow, copies.Memorisation.MedianSample));
        SampleReport fresh = await Judged(data.Splits.Validation);
        Assert.Equal((150, 50), (fresh.TrainingImages, fresh.TestImages));
        Assert.True(fresh.FrechetDistance < 0.1 * copies.FrechetDistance, $"{fresh.FrechetDistance} of all classes, {copies.FrechetDistance} of one or two");
    }

    private static ModelSpec Model { get; } = new() { Patch = 4, Width = 8, Depth = 1, Heads = 2 };

    private static CompareMetric Metric { get; } = new() { Samples = 40, ValidationSamples = 40, LossImages = 8, LossStrata = 2 };

    // Three classes: bright in the left, middle or right third.
    private static ImageDataset Striped(int count, int side = 8, bool sorted = false)
    {
        var random = new Random(1);
        int[] labels = [.. Enumerable.Range(0, count).Select(i => sorted ? i * 3 / count : i % 3)];
        var pixels = new byte[count * side * side];
        for (int i = 0; i < pixels.Length; i++)
        {
            bool bright = i % side * 3 / side == labels[i / (side * side)];
            pixels[i] = (byte)((bright ? 180 : 20) + random.Next(50));
        }

        return new ImageDataset("striped", "train", 1, side, side, pixels, labels, ["left", "middle", "right"]);
    }

    private static ImageDataset Without(ImageDataset images) =>
        new(images.Name, images.Split, images.Channels, images.Height, images.Width, images.Pixels.ToArray());

    private static TrainingData Data(ImageDataset images, int? held = null)
    {
        // Every third third: of 6 images 2 are for validation and 2 for tests.
        int part = held ?? images.Count / 3;
        int[] rows = images.RowsByRank(images.Count, seed: 3);
        int[] train = [.. rows[(2 * part)..].Order()];
        var splits = new DataSplits(images.Subset(train, "train"), images.Subset(rows[..part], "validation"), images.Subset(rows[part..(2 * part)], "test"));
        return new TrainingData(splits, new int[splits.Train.Count], new int[part], 1);
    }

    private static (ModelContents Model, ClusteringResult Clusters) Train(TrainingData data, ModelSpec model, int steps)
    {
        ImageDataset train = data.Splits.Train;
        var spec = new RunSpec
        {
            Experts = new ExpertsSpec { Count = 1 },
            Model = model,
            Training = new TrainingSpec { Steps = steps, Batch = 16, Validations = 1, Warmup = 2, LearningRate = 5e-3, Weights = "raw" },
        };
        using Network network = Networks.Denoiser(model, data.Shape);
        using var trainer = new Trainer(
            spec.Training, new DenoisingTask(spec, data, 0), network, data.Shape, "run/expert-0", v => Initializer.Fill(v, 1, "expert-0"), null);
        trainer.Train(TimeSpan.FromMinutes(1), CancellationToken.None);
        var contents = new ModelContents
        {
            Spec = spec,
            Channels = train.Channels,
            Height = train.Height,
            Width = train.Width,
            Classes = data.Shape.Classes,
            Priors = [1],
            Experts = [trainer.SaveWeights()],
        };
        return (contents, Clusterer.Run(spec.Clustering, 1, 0, train));
    }

    private static async Task<(EvaluationResult Result, RealImages Source)> EvaluateAsync(
        TrainingData data, EvaluationSpec evaluation, ModelSpec? model = null, SamplingSpec? sampling = null)
    {
        (ModelContents contents, ClusteringResult clusters) = Train(data, model ?? Model, steps: 2);
        var source = new RealImages(data.Splits.Test);
        return (await new EvaluationRunner(data, clusters, contents, source).RunAsync(evaluation, sampling), source);
    }

    private sealed class RealImages(ImageDataset images) : ISampleSource
    {
        public List<SampleOrder> Orders { get; } = [];

        public Task<SampledImages> SampleAsync(SampleOrder order, IProgress<double>? progress = null, CancellationToken cancellation = default)
        {
            Orders.Add(order);
            int[] rows = [.. Enumerable.Range(0, order.Count).Select(i => i % images.Count)];
            return Task.FromResult(new SampledImages(Judge.Pixels(images, rows).Values, [[1.0]], [0], 1, [order.Count, 1, images.Height, images.Width], 1, 1));
        }
    }
}
