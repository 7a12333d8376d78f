using System.Text.Json;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Experiments.Reports;

/// <summary>Contents with made-up figures, each of which occurs only once.</summary>
internal static class SampleContents
{
    public const string Space = "lenet64/3f9a0c1d";

    // The smallest PNG file there is: one grey pixel.
    public static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==");

    public static RunReportContents Of(int experts, params string[] rules)
    {
        RunSpec spec = new() { Name = "a-run", Seed = 77, Experts = new ExpertsSpec { Count = experts } };
        return new RunReportContents
        {
            Spec = spec,
            SpecHash = SpecJson.Hash(spec),
            Evaluation = new EvaluationResult
            {
                Seed = 20_260_101,
                Solver = "euler, 40 steps, linear grid",
                Rules = [.. rules.Select((rule, i) => Rule(rule, i, experts))],
                Router = experts == 1 ? [] : [Judgement(0.25, experts, 90), Judgement(0.75, experts, 40)],
                Seconds = 83,
            },
            Curves = [.. Enumerable.Range(0, experts).SelectMany(k => Curves($"expert-{k}")), .. experts == 1 ? [] : Curves("router")],
            ClusterReport = Clusters(experts, ["T-shirt", "Bag"]),
            Samples = Png,
            Clusters = Png,
        };
    }

    public static string Clusters(int experts, string[]? classes) => JsonSerializer.Serialize(new
    {
        method = experts == 1 ? "single" : "features",
        sizes = Enumerable.Range(0, experts).Select(k => 1003 + 2 * k),
        labels = classes is null ? null : Enumerable.Range(0, experts).Select(k => classes.Select((_, c) => c == 0 ? 901 : 102 + 2 * k)),
        classes = classes ?? [],
    });

    public static RuleResult Rule(string rule, int i, int experts) => new(
        rule,
        Judged(41.07 + i),
        rule is "sticky-prior" or "sample-1" ? null : 0.14301 + 0.001 * i,
        rule is "sticky-prior" or "sample-1" ? null : [0.3102 + 0.001 * i, 0.1203 + 0.001 * i, 0.0604 + 0.001 * i],
        1717,
        rule == "oracle",
        [.. Enumerable.Range(0, 5).Select(_ => Enumerable.Repeat(1.0 / experts, experts).ToArray())],
        0.0123 + 0.001 * i,
        31.7 + i);

    public static SampleReport Judged(double distance) => new()
    {
        FeatureSpace = Space,
        TestAccuracy = 0.913,
        Samples = 2001,
        TrainingImages = 10_003,
        TestImages = 5005,
        FrechetDistance = distance,
        FrechetFloor = 6.214,
        FrechetFloorDeviation = 0.118,
        FrechetFloorImages = 2007,
        SlicedWasserstein = 1.618,
        SlicedWassersteinFloor = 0.377,
        PrecisionRecall = new PrecisionRecall(0.713, 0.537, 2001, 2001, 3),
        Memorisation = new Memorisation(2001, 5005, 10_003, 0.05, 4.218, 0.043, 0.691, 6.331, 6.642),
        Confidence = 0.9,
        ConfidentShare = 0.823,
        ConfidentShareOfTest = 0.967,
        ConfidentPerClass = [811, 0, 833],
    };

    private static RouterJudgement Judgement(double time, int experts, int right) => new(
        time,
        right / 100.0,
        [.. Enumerable.Range(0, experts).Select(i => Enumerable.Range(0, experts).Select(j => i == j ? right : (100 - right) / (experts - 1)).ToArray())]);

    private static Curve[] Curves(string role) =>
    [
        new Curve(role, "loss/train", [10, 20, 30], [2.5, 0.4, 0.2]),
        new Curve(role, "loss/validation", [15, 30], [0.31, 0.21]),
    ];
}
