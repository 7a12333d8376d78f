using System.Globalization;
using System.Xml.Linq;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>How much each expert has to say at each sampling step, under each mixing rule.</summary>
internal static class ExpertUseSection
{
    private const int MostColumns = 60;
    private const string StepAxis = "sampling step (noise → data)";

    public static XElement? Of(IReadOnlyList<RuleResult> rules)
    {
        RuleResult[] used = [.. rules.Where(r => r.ExpertUse.Length > 0 && r.ExpertUse.Max(row => row.Length) > 1)];
        if (used.Length == 0)
        {
            return null;
        }

        int experts = used.Max(r => r.ExpertUse.Max(row => row.Length));
        bool bands = experts <= ChartPalette.Count;
        int steps = used.Max(r => r.ExpertUse.Length);
        return Html.Section(
            "use",
            "Expert use",
            Html.Paragraph(
                "Mean weight of each expert over the samples of the evaluation, step by step. "
                + (bands ? "" : "One row is one expert; the darker, the larger its weight relative to the largest of the chart. ")
                + (steps > MostColumns ? $"Columns gather several of the {Figures.Count(steps)} steps. " : "")),
            bands ? ChartPalette.Key(Enumerable.Range(0, experts).Select(k => ($"expert {k}", k))) : null,
            Html.Gallery(used.Select(rule => Html.Figure(bands ? Bands(rule) : Map(rule), rule.Rule)), small: true),
            Html.Details(
                "Expert use in figures",
                HtmlTable.Of(
                    "Mean weight over all steps",
                    ["Expert", .. used.Select(r => r.Rule)],
                    Enumerable.Range(0, experts).Select(k => (object[])
                        [$"{k}", .. used.Select(r => Figures.Number(Mean(r.ExpertUse.Select(row => At(row, k))), 3))])),
                Html.Paragraph("The weights of each step are in ", new XElement("code", "metrics.json"), " under ", new XElement("code", "expertUse"), ".")));
    }

    private static XElement Bands(RuleResult rule) =>
        SvgStackedArea.Draw($"Expert use under {rule.Rule}", StepAxis, Gathered(rule.ExpertUse), rule.ExpertUse.Length);

    private static XElement Map(RuleResult rule)
    {
        double[][] columns = Gathered(rule.ExpertUse);
        int experts = columns.Max(row => row.Length);
        double largest = columns.SelectMany(row => row).Where(double.IsFinite).DefaultIfEmpty().Max();
        return SvgHeatmap.Draw(
            string.Create(CultureInfo.InvariantCulture, $"Expert use under {rule.Rule}"),
            "expert",
            StepAxis,
            [.. Enumerable.Range(0, experts).Select(k => (double[])[.. columns.Select(row => largest > 0 ? At(row, k) / largest : 0)])],
            rule.ExpertUse.Length,
            numbered: false,
            first: 1);
    }

    // At most MostColumns columns, each the mean of as many neighbouring steps.
    private static double[][] Gathered(double[][] use)
    {
        int stride = (use.Length + MostColumns - 1) / MostColumns;
        return stride <= 1
            ? use
            : [.. use.Chunk(stride).Select(rows => (double[])[.. Enumerable.Range(0, rows.Max(r => r.Length)).Select(k => Mean(rows.Select(r => At(r, k))))])];
    }

    private static double At(double[] row, int k) => k < row.Length ? row[k] : 0;

    private static double Mean(IEnumerable<double> values) => values.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
}
