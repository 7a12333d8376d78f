using System.Xml.Linq;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Metrics;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>The figures that a reader wants first, each beside what it depends on.</summary>
internal static class HeadlineSection
{
    public static XElement Of(EvaluationResult evaluation)
    {
        RuleResult? best = RuleFacts.Best(evaluation);
        return Html.Section(
            "headline",
            "At a glance",
            best is null
                ? Html.Paragraph(
                    "No samples were judged in this run, so there is no Fréchet distance and no best mixing rule"
                    + (evaluation.NotJudged is { } reason ? $": {reason}." : "."))
                : null,
            new XElement("dl", Html.Class("cards"), (best is null ? [] : Samples(best, best.Samples!, RuleFacts.HasChoice(evaluation))), Loss(evaluation), Router(evaluation)));
    }

    private static IEnumerable<XElement> Samples(RuleResult best, SampleReport samples, bool chosen)
    {
        yield return chosen
            ? Card("Best mixing rule", best.Rule, "by the Fréchet distance of this evaluation, among rules that use no labels")
            : Card("Mixing rule", best.Rule, "the only one of this evaluation that uses no labels");
        yield return Card(
            $"Fréchet distance of {best.Rule}",
            Figures.Number(samples.FrechetDistance),
            $"{RuleFacts.Counts(samples)}, in feature space {samples.FeatureSpace}; lower is better");
        yield return Card("Floor: what real images get", Figures.Number(samples.FrechetFloor), RuleFacts.Floor(samples));
        yield return Card(
            "Precision and recall",
            $"{Figures.Number(samples.PrecisionRecall.Precision, 3)} / {Figures.Number(samples.PrecisionRecall.Recall, 3)}",
            $"share of samples that look real / share of real images that samples reach; k = {samples.PrecisionRecall.Neighbours}");
        yield return Card(
            "Suspiciously near a training image",
            Figures.Share(samples.Memorisation.ShareBelow),
            $"of samples; about {Figures.Share(samples.Memorisation.Quantile)} where nothing is memorised, 100 % for copies");
        yield return Card(
            $"Confident samples (≥ {Figures.Number(samples.Confidence, 2)})",
            Figures.Share(samples.ConfidentShare),
            $"of real test images {Figures.Share(samples.ConfidentShareOfTest)}; they cover {samples.ClassesCovered} of {samples.Classes} classes"
                + (samples.TestAccuracy is { } accuracy ? $"; the classifier is right on {Figures.Share(accuracy)} of test images" : ""));
        yield return Card("Sampling speed", Figures.Number(best.ImagesPerSecond, 3) + " images/s", $"with {best.Rule}");
    }

    private static XElement? Loss(EvaluationResult evaluation) =>
        evaluation.Rules.Where(r => !r.UsesLabels && r.Loss is { } loss && double.IsFinite(loss)).MinBy(r => r.Loss) is { } rule
            ? Card("Lowest held-out loss", Figures.Number(rule.Loss), $"{rule.Rule}, on {Figures.Count(rule.LossImages)} test images")
            : null;

    private static XElement? Router(EvaluationResult evaluation) => evaluation.Router.Count == 0
        ? null
        : Card(
            "Router accuracy",
            $"{Figures.Share(evaluation.Router[0].Accuracy)} → {Figures.Share(evaluation.Router[^1].Accuracy)}",
            $"from little noise (t = {Figures.Number(evaluation.Router[0].Time, 2)}) to much (t = {Figures.Number(evaluation.Router[^1].Time, 2)})");

    private static XElement Card(string name, string value, string note) => new(
        "div", new XElement("dt", name), new XElement("dd", Html.Class("big"), value), new XElement("dd", Html.Class("note"), note));
}
