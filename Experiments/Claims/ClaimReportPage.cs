using System.Globalization;
using System.Xml.Linq;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Claims;

/// <summary>The report of an experiment: one HTML file that needs no other file and no network.</summary>
public static class ClaimReportPage
{
    /// <summary>The page.</summary>
    public static string Write(ClaimFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        int held = findings.Gates.Count(g => g.Verdict == Gate.Holds);
        return HtmlPage.Write(
            findings.Experiment.Title,
            new object[]
            {
                Html.Paragraph(findings.Experiment.Paper),
                Html.Paragraph($"{held} of {findings.Gates.Count} gates hold under seeds {string.Join(", ", findings.Records.Seeds)}{(findings.Quick ? " (quick form)" : "")}."),
            },
            [
                GateSections.Claims(
                    findings.Gates,
                    "Verdicts are by the mean over seeds; intervals are 95 % by Student's t.",
                    g => g.Measured + (g.Interval is null ? "" : $"; interval {ClaimGates.IntervalText(g.Interval)}")),
                Plots(findings),
                Arms(findings),
                GateSections.Controls(findings.Controls),
                Settings(findings),
            ],
            "OrleansDDM · claim " + findings.Experiment.Name);
    }

    private static XElement? Plots(ClaimFindings findings) => findings.Charts.Count == 0 ? null : Html.Section(
        "plots",
        "Curves",
        Html.Gallery(findings.Charts.Select(chart => Html.Figure(
            new SvgLineChart
            {
                Title = chart.Heading,
                XName = chart.XName,
                YName = chart.YLabel,
                Series = [.. chart.Drawn.Select((line, i) => new ChartSeries(line.Name, line.Curve.X, line.Curve.Y, i))],
            }.Draw(),
            chart.Caption))));

    private static XElement Arms(ClaimFindings findings) => Html.Section(
        "arms",
        "Arms",
        HtmlTable.Of(
            "Mean over seeds",
            ["Arm", .. findings.Experiment.Columns.Select(c => c.Heading), "Seconds"],
            ClaimTable.Rows(findings).Select(row => (object[])[.. row])));

    private static XElement Settings(ClaimFindings findings) => Html.Section(
        "settings",
        "Settings",
        Html.Paragraph("SHA-256 ", new XElement("span", Html.Class("hash"), findings.PlanHash)),
        new XElement("pre", findings.Settings.ToJsonString(CompareJson.Options)),
        Html.Paragraph(string.Create(CultureInfo.InvariantCulture, $"All arms took {Figures.Duration(findings.Records.All.Sum(r => r.Seconds))}.")));
}
