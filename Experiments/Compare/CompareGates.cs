using System.Globalization;

using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The claims that a comparison tests, for each number of experts.</summary>
internal static class CompareGates
{
    public static IReadOnlyList<Gate> Of(CompareFindings findings) =>
        [.. findings.Plan.Arms.Where(a => a.Kind == ArmKind.Ensemble).SelectMany(arm => Of(findings, arm))];

    private static IEnumerable<Gate> Of(CompareFindings findings, CompareArm arm)
    {
        string chosen = findings.ChosenRules[arm.Clusters];
        SeedStatistic monolith = findings.Distance(arm.Rival!, CompareRules.Full);
        if (arm.Rules.Contains(CompareRules.Top1))
        {
            yield return Lower(
                findings, arm, "G1", "At training and sampling FLOPs no lower for the monolith, router counted, top-1 samples are better than the monolith's",
                (CompareRules.Top1, findings.Distance(arm.Name, CompareRules.Top1)), ("monolith", monolith));
        }

        Gate best = Lower(
            findings, arm, "G2", "Under the rule chosen on validation images, samples are better than the monolith's",
            (chosen, findings.Distance(arm.Name, chosen)), ("monolith", monolith));
        yield return best;
        yield return Field(findings, arm);
        if (findings.Arm(ArmKind.RandomEnsemble, arm.Clusters) is { } random)
        {
            yield return Random(findings, arm, random, chosen, monolith, best.Verdict == Gate.Holds);
        }

        if (arm.Rules.Contains(CompareRules.StickyPrior) && findings.Arm(ArmKind.ConditionalMonolith, arm.Clusters) is { } told)
        {
            yield return Lower(
                findings, arm, "G5", "sticky-prior gains from experts, not only from knowing the cluster",
                (CompareRules.StickyPrior, findings.Distance(arm.Name, CompareRules.StickyPrior)),
                (told.Name, findings.Distance(told.Name, CompareRules.Conditional)));
        }
    }

    private static Gate Lower(
        CompareFindings findings, CompareArm arm, string id, string claim, (string Name, SeedStatistic Value) low, (string Name, SeedStatistic Value) high)
    {
        double deviations = findings.Plan.Metric.Deviations;
        Margin margin = Margin.Of(low.Value, high.Value);
        return new Gate(
            Id(id, arm),
            claim,
            string.Create(CultureInfo.InvariantCulture, $"FD({arm.Name}, {low.Name}) < FD({high.Name}) by more than {deviations:0.##} standard deviations over seeds"),
            Text(low, high, margin),
            margin.Interval(deviations),
            Gate.VerdictOf(margin.Exceeds(deviations)));
    }

    private static Gate Field(CompareFindings findings, CompareArm arm)
    {
        PairedComparison[] pairs = [.. findings.Pairs.Where(p => p.Arm == arm.Name)];
        PairedComparison worst = pairs.MinBy(p => p.Low)!;
        int clear = pairs.Count(p => p.Low > 0);
        int opposite = pairs.Count(p => p.High < 0);
        return new Gate(
            Id("G3", arm),
            "The mixed field is better: lower held-out loss than the monolith's",
            string.Create(
                CultureInfo.InvariantCulture,
                $"paired loss(monolith) - loss({arm.Name}, full) above 0, the {100 * findings.Plan.Metric.Confidence:0.#} % interval over images excludes 0 in all seeds"),
            $"{string.Join("; ", pairs.Select(p => $"seed {p.Seed}: {Figures.Number(p.Difference)} [{Figures.Number(p.Low)}, {Figures.Number(p.High)}]"))}"
                + $"; ensemble clearly lower in {clear} of {pairs.Length}, monolith in {opposite}",
            [worst.Low, worst.High],
            Gate.VerdictOf(clear == pairs.Length));
    }

    private static Gate Random(
        CompareFindings findings, CompareArm arm, CompareArm random, string rule, SeedStatistic monolith, bool advantage)
    {
        double deviations = findings.Plan.Metric.Deviations;
        SeedStatistic features = findings.Distance(arm.Name, rule);
        SeedStatistic control = findings.Distance(random.Name, rule);
        Margin toFeatures = Margin.Of(features, control);
        Margin toMonolith = Margin.Of(control, monolith);
        bool lost = !toMonolith.Exceeds(deviations) && toFeatures.Exceeds(deviations);
        return new Gate(
            Id("G4", arm),
            "The advantage comes from the clusters: random ones lose it",
            string.Create(
                CultureInfo.InvariantCulture,
                $"G2 holds; FD({random.Name}, {rule}) is above FD({arm.Name}, {rule}), and not below FD(monolith), by more than {deviations:0.##} standard deviations"),
            Text((rule, features), (random.Name, control), toFeatures) + $"; monolith {Number(monolith)}" + (advantage ? "" : "; there is no advantage to lose"),
            toFeatures.Interval(deviations),
            Gate.VerdictOf(advantage && lost));
    }

    private static string Text((string Name, SeedStatistic Value) low, (string Name, SeedStatistic Value) high, Margin margin) =>
        $"{low.Name} {Number(low.Value)}, {high.Name} {Number(high.Value)}, difference {Figures.Number(margin.Difference)}"
        + (double.IsFinite(margin.Deviation) ? $", deviation {Figures.Number(margin.Deviation)}" : ", one seed: no deviation, so nothing is shown");

    private static string Number(SeedStatistic value) => FiguresOf.Seeds(value);

    private static string Id(string id, CompareArm arm) => string.Create(CultureInfo.InvariantCulture, $"{id}/K={arm.Clusters}");
}
