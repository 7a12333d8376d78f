using System.Globalization;
using System.Xml.Linq;

using OrleansDDM.Experiments.Reports;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The report of a comparison: one HTML file that needs no other file and no network.</summary>
public static class CompareReportPage
{
    /// <summary>The page.</summary>
    public static string Write(CompareFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        int held = findings.Gates.Count(g => g.Verdict == Gate.Holds);
        return HtmlPage.Write(
            "Ensembles against monoliths",
            Html.Paragraph($"{held} of {findings.Gates.Count} claims hold. Equal training FLOPs, the router counted. The plan was fixed before the first run."),
            [
                GateSections.Claims(
                    findings.Gates, "A claim that is not shown fails; with one seed no Fréchet distance can be shown to be lower.", g => g.Measured),
                Distances(findings),
                Arms(findings),
                Losses(findings),
                Use(findings),
                GateSections.Controls(findings.Controls),
                Plan(findings),
            ],
            "OrleansDDM · comparison");
    }

    private static XElement Distances(CompareFindings findings)
    {
        DotRow[] rows =
        [
            .. findings.Plan.Arms.SelectMany(arm => arm.Rules.Select(rule => new DotRow(
                arm.Kind == ArmKind.Monolith ? arm.Name : $"{arm.Name}, {rule}",
                [.. findings.Measurements.Where(m => m.Arm == arm.Name).Select(m => m.Rules.First(r => r.Rule == rule).Distance)],
                (int)arm.Kind))),
        ];
        return Html.Section(
            "distances",
            "Fréchet distance by arm",
            Html.Figure(
                DotPlot.Draw("Fréchet distance of each arm and rule, one dot per seed", "Fréchet distance, lower is better", rows, (findings.Judge.Floor, "real images")),
                $"One dot per seed, a bar at the mean. The line is what real images get: {FiguresOf.FloorImages(findings.Judge, findings.Plan.Metric.Samples)}."),
            new XElement("p", Html.Class("soft"), CompareMarkdown.Caption(findings)));
    }

    private static XElement Arms(CompareFindings findings) => Html.Section(
        "arms",
        "Arms",
        HtmlTable.Of("Mean ± standard deviation over seeds", CompareMarkdown.Headers(findings), CompareMarkdown.Rows(findings).Select(r => (object[])[.. r])),
        new XElement("p", Html.Class("soft"), "Training is the wall time on this machine. As if on K machines: the time of the slowest model alone on one slot. All arms share one learning rate, which was tuned for none of them."));

    private static XElement Losses(CompareFindings findings) => Html.Section(
        "loss",
        "Paired held-out loss",
        HtmlTable.Of(
            "Monolith minus full, the same images, times and noise; above 0 the ensemble is better",
            ["Arm", "Seed", "Difference", "Interval"],
            findings.Pairs.Select(p => (object[])
                [p.Arm, p.Seed.ToString(CultureInfo.InvariantCulture), Figures.Number(p.Difference), $"{Figures.Number(p.Low)} to {Figures.Number(p.High)}"])));

    private static XElement Use(CompareFindings findings) => Html.Section(
        "sampling",
        "Expert use and cost of sampling",
        HtmlTable.Of(
            "Mean over seeds, FLOPs by the evaluations that were made; experts by their mean weight over all steps, largest first",
            ["Arm and rule", "FLOPs per sample", "Samples per second", "Use of the experts", "Share of the images"],
            findings.Plan.Arms.SelectMany(arm => arm.Rules.Select(rule => (object[])
            [
                $"{arm.Name}, {rule}",
                FiguresOf.Large(findings.Over(arm.Name, m => Rule(m, rule).SamplingFlops).Mean),
                Figures.Number(findings.Over(arm.Name, m => Rule(m, rule).ImagesPerSecond).Mean, 3),
                Shares([.. findings.Measurements.Where(m => m.Arm == arm.Name).Select(m => Rule(m, rule).ExpertUse)]),
                Shares([.. findings.Measurements.Where(m => m.Arm == arm.Name).Select(m => m.Priors)]),
            ]))));

    private static XElement Plan(CompareFindings findings) => Html.Section(
        "plan",
        "Plan",
        Html.Paragraph("SHA-256 ", new XElement("span", Html.Class("hash"), findings.Plan.Hash)),
        findings.Plan.Arms.Select(arm => Html.Details(arm.Name, new XElement("pre", SpecJson.Write(arm.Spec)))));

    private static RuleMeasurement Rule(ArmMeasurement measurement, string rule) => measurement.Rules.First(r => r.Rule == rule);

    // Which cluster is the first differs between seeds, so shares are compared largest first.
    private static string Shares(IReadOnlyList<double[]> perSeed) => string.Join(" ", Enumerable.Range(0, perSeed[0].Length)
        .Select(k => Figures.Number(perSeed.Average(shares => shares.OrderDescending().ElementAt(k)), 2)));
}
