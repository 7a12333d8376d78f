using System.Globalization;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Silos.Web;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>The result of a run as a table on stdout.</summary>
internal static class EvaluationTable
{
    /// <summary>Writes one row per mixing rule, then where the files are.</summary>
    public static void Write(TextWriter output, RunSpec spec, EvaluationResult result, RunFolder folder)
    {
        SampleReport? first = result.Rules.Select(r => r.Samples).FirstOrDefault(s => s is not null);
        output.WriteLine($"Run {spec.Name}: {spec.Experts.Count} experts on {DataName.Shown(spec.Data.Name)}, {result.Solver}.");
        if (first is not null)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"FD: Fréchet distance in {first.FeatureSpace}, {first.Samples} samples; test images against training images get {first.FrechetFloor:0.00}."));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"SW2: sliced Wasserstein-2 distance in the same space; test images get {first.SlicedWassersteinFloor:0.00}."));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Confident: share whose class a classifier is at least {first.Confidence:0.0#} sure of; of real test images {first.ConfidentShareOfTest:0.000}."));
        }

        if (result.NotJudged is { } reason)
        {
            output.WriteLine($"Samples were not judged: {reason}.");
        }

        if (result.JudgedBy == "clusters")
        {
            output.WriteLine("The images have fewer than two classes: the judge's classes are clusters of them.");
        }

        if (result.ClassConditional)
        {
            output.WriteLine("Samples have classes in the mix of the training images; the held-out loss is told the true ones.");
        }

        output.WriteLine($"{"rule",-16}{"FD",9}{"SW2",8}{"precision",11}{"recall",9}{"confident",11}{"held-out loss",15}{"images/s",10}");
        foreach (RuleResult rule in result.Rules)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{rule.Rule + (rule.UsesLabels ? "*" : ""),-16}{rule.Samples?.FrechetDistance,9:0.00}{rule.Samples?.SlicedWasserstein,8:0.00}{rule.Samples?.PrecisionRecall.Precision,11:0.000}{rule.Samples?.PrecisionRecall.Recall,9:0.000}{rule.Samples?.ConfidentShare,11:0.000}{rule.Loss,15:0.0000}{rule.ImagesPerSecond,10:0}"));
        }

        if (result.Rules.Any(r => r.UsesLabels))
        {
            output.WriteLine("* told the true cluster; not comparable with the others");
        }

        output.WriteLine("Report: " + Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Report));
    }
}
