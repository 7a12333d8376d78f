using System.Xml.Linq;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports.Charts;
using OrleansDDM.Learning.Metrics;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>The mixing rules side by side.</summary>
internal static class RulesSection
{
    private static readonly string[] Headers =
    [
        "Mixing rule", "Fréchet distance", "Floor", "Sliced W2", "Precision", "Recall", "Memorised", "Confident", "Classes", "Held-out loss", "Loss by t",
        "Dropped mass", "Images/s",
    ];

    public static XElement Of(EvaluationResult evaluation, ClusterReport? clusters)
    {
        RuleResult? best = RuleFacts.Best(evaluation);
        SampleReport? judged = evaluation.Rules.Select(r => r.Samples).FirstOrDefault(s => s is not null);
        double highest = evaluation.Rules.SelectMany(r => r.LossPerStratum ?? []).Where(double.IsFinite).DefaultIfEmpty().Max();
        return Html.Section(
            "rules",
            "Mixing rules",
            evaluation.Rules.Count == 0 ? Html.Paragraph("No mixing rule was evaluated.") : null,
            judged is null ? null : Distances(evaluation, best, judged),
            evaluation.Rules.Count == 0
                ? null
                : HtmlTable.Of(
                    $"Each mixing rule, with solver {evaluation.Solver}, seed {evaluation.Seed}",
                    Headers,
                    evaluation.Rules.Select(rule => Row(rule, rule == best && RuleFacts.HasChoice(evaluation), highest))),
            Notes(evaluation, judged),
            Strata(evaluation),
            PerClass(evaluation, clusters),
            Neighbours(evaluation));
    }

    private static XElement Distances(EvaluationResult evaluation, RuleResult? best, SampleReport judged)
    {
        Bar[] bars =
        [
            .. evaluation.Rules.Where(r => r.Samples is not null).Select(r => new Bar(
                r.Rule,
                [new BarPiece(r.Samples!.FrechetDistance, r.UsesLabels ? ChartPalette.Neutral : r == best ? 2 : 0)],
                Figures.Number(r.Samples.FrechetDistance) + (r.UsesLabels ? " (uses labels)" : ""))),
        ];
        return Html.Gallery(
        [
            Html.Figure(
                SvgBarChart.Draw("Fréchet distance by mixing rule", bars, (judged.FrechetFloor, "floor " + Figures.Number(judged.FrechetFloor))),
                $"Fréchet distance in feature space {judged.FeatureSpace}; lower is better. {RuleFacts.Counts(judged)}. Floor: {RuleFacts.Floor(judged)}."),
        ]);
    }

    private static object[] Row(RuleResult rule, bool best, double highestLoss)
    {
        SampleReport? s = rule.Samples;
        return
        [
            new object[] { rule.Rule, (rule.UsesLabels ? Badge("uses labels") : null)!, (best ? Badge("best") : null)! },
            new XElement("span", best ? Html.Class("best") : null, Figures.Number(s?.FrechetDistance)),
            Figures.Number(s?.FrechetFloor),
            Figures.Number(s?.SlicedWasserstein),
            Figures.Number(s?.PrecisionRecall.Precision, 3),
            Figures.Number(s?.PrecisionRecall.Recall, 3),
            Figures.Share(s?.Memorisation.ShareBelow),
            Figures.Share(s?.ConfidentShare),
            s is null ? Figures.None : $"{s.ClassesCovered} of {s.Classes}",
            rule.Loss is null ? new XElement("span", new XAttribute("title", RuleFacts.LossReason(rule)), Figures.None) : Figures.Number(rule.Loss),
            Spark(rule, highestLoss),
            Figures.Number(rule.DroppedMass, 3),
            s is null ? Figures.None : Figures.Number(rule.ImagesPerSecond, 3),
        ];
    }

    private static XElement Badge(string text) => new("span", Html.Class("badge"), text);

    // Bars on one scale for the whole table, low noise on the left.
    private static object Spark(RuleResult rule, double highest)
    {
        if (rule.LossPerStratum is not { Length: > 0 } strata || highest <= 0)
        {
            return Figures.None;
        }

        double pitch = 80.0 / strata.Length;
        return Svg.Drawing(
            80,
            24,
            $"Held-out loss of {rule.Rule} by t: {string.Join(", ", strata.Select(v => Figures.Number(v, 3)))}",
            strata.Select((v, i) => double.IsFinite(v) ? (v / highest * 22, i) : (0, i))
                .Select(bar => Svg.Rectangle(bar.i * pitch, 24 - bar.Item1, pitch * 0.85, bar.Item1, "fill s0")));
    }

    private static IEnumerable<XElement> Notes(EvaluationResult evaluation, SampleReport? judged)
    {
        if (evaluation.NotJudged is { } obstacle)
        {
            yield return Note($"Samples were not compared with real images: {obstacle}.");
        }

        if (evaluation.JudgedBy == "clusters")
        {
            yield return Note("The images have fewer than two classes, so the judge was trained on clusters of them: its classes are clusters.");
        }

        if (evaluation.ClassConditional)
        {
            yield return Note("Samples have classes, drawn in the mix of the training images; the held-out loss is told the true class of each image.");
        }

        if (judged is not null)
        {
            yield return Note(
                $"Fréchet distances compare only within one feature space ({judged.FeatureSpace}) and the same counts: {RuleFacts.Counts(judged)}; "
                + $"floor: {RuleFacts.Floor(judged)}. Precision and recall use the {judged.PrecisionRecall.Neighbours}-nearest neighbours of the same features, "
                + $"{Figures.Count(judged.PrecisionRecall.Samples)} samples and {Figures.Count(judged.PrecisionRecall.Real)} real images. "
                + $"Sliced W2: sliced Wasserstein-2 distance to as many training images in the same features, {Figures.Number(judged.SlicedWassersteinFloor)} for real test images. "
                + $"Memorised: share of samples nearer to a training image, in pixels, than {Figures.Share(judged.Memorisation.Quantile)} of held-out images are; {Figures.Count(judged.Memorisation.Training)} training images were searched. "
                + $"Confident: share of whose class a classifier is at least {Figures.Number(judged.Confidence, 2)} sure, {Figures.Share(judged.ConfidentShareOfTest)} for real test images; "
                + "classes: how many of them occur.");
        }

        yield return Note(
            "Held-out loss: mean squared error of the mixed velocity per value, at times drawn in each stratum, on the same draws for every rule; its bars go from little noise to much, "
            + "on one scale. Dropped mass: mean router weight of the experts that a rule leaves out.");
        foreach (IGrouping<string, RuleResult> reason in evaluation.Rules.Where(r => r.Loss is null).GroupBy(RuleFacts.LossReason))
        {
            yield return Note($"No loss for {string.Join(", ", reason.Select(r => r.Rule))}: {reason.Key}.");
        }

        foreach (RuleResult rule in evaluation.Rules.Where(r => r.UsesLabels))
        {
            yield return Note($"{rule.Rule} is told the true cluster: a bound on what routing can do, not a rule to sample with.");
        }
    }

    private static XElement Note(string text) => new("p", Html.Class("soft"), text);

    private static XElement? Strata(EvaluationResult evaluation)
    {
        RuleResult[] measured = [.. evaluation.Rules.Where(r => r.LossPerStratum is { Length: > 0 })];
        int strata = measured.Select(r => r.LossPerStratum!.Length).DefaultIfEmpty().Max();
        return strata == 0
            ? null
            : Html.Details("Held-out loss by stratum of t", HtmlTable.Of(
                $"Mean squared error per value at the stratum's draws, {Figures.Count(measured[0].LossImages)} test images",
                ["Mixing rule", .. Enumerable.Range(0, strata).Select(i => $"t in {Figures.Number(i / (double)strata, 3)} to {Figures.Number((i + 1) / (double)strata, 3)}")],
                measured.Select(r => (object[])
                    [r.Rule, .. Enumerable.Range(0, strata).Select(i => Figures.Number(r.LossPerStratum!.ElementAtOrDefault(i)))])));
    }

    private static XElement? PerClass(EvaluationResult evaluation, ClusterReport? clusters)
    {
        RuleResult[] judged = [.. evaluation.Rules.Where(r => r.Samples is { Classes: > 0 })];
        if (judged.Length == 0)
        {
            return null;
        }

        int classes = judged[0].Samples!.Classes;
        bool named = clusters?.Labels is not null && clusters.Classes.Count == classes;
        return Html.Details("Confident samples by class", HtmlTable.Of(
            $"Samples of whose class the classifier is at least {Figures.Number(judged[0].Samples!.Confidence, 2)} sure",
            ["Class", .. judged.Select(r => r.Rule)],
            Enumerable.Range(0, classes).Select(c => (object[])
                [named ? clusters!.Classes[c] : $"{c}", .. judged.Select(r => c < r.Samples!.Classes ? Figures.Count(r.Samples.ConfidentPerClass[c]) : Figures.None)])));
    }

    private static XElement? Neighbours(EvaluationResult evaluation)
    {
        RuleResult[] judged = [.. evaluation.Rules.Where(r => r.Samples is not null)];
        return judged.Length == 0
            ? null
            : Html.Details("The memorisation check in full", HtmlTable.Of(
                "Distances in pixels to the nearest training image",
                ["Mixing rule", "Nearer than the threshold", "Threshold", "Median of samples", "Median of held-out images", "Nearer to training than to held-out", "Neutral value"],
                judged.Select(r => r.Samples!.Memorisation is var m
                    ? (object[])
                    [
                        r.Rule, Figures.Share(m.ShareBelow), Figures.Number(m.Threshold), Figures.Number(m.MedianSample), Figures.Number(m.MedianHeldOut),
                        Figures.Share(m.NearerToTraining), Figures.Share(m.Training / (double)(m.Training + m.HeldOut)),
                    ]
                    : [])));
    }
}
