using System.Xml.Linq;

using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>Loss over steps, for the experts and for the router.</summary>
internal static class TrainingSection
{
    private const string Train = "loss/train";
    private const string Validation = "loss/validation";
    private const string Accuracy = "accuracy/t=";

    public static XElement Of(IReadOnlyList<Curve> curves)
    {
        Curve[] experts = [.. curves.Where(c => c.Role != "router").OrderBy(c => NumberOf(c.Role)).ThenBy(c => c.Role, StringComparer.Ordinal)];
        Curve[] router = [.. curves.Where(c => c.Role == "router")];
        XElement[] charts =
        [
            .. Chart("Experts: training loss", "loss", Lines([.. experts.Where(c => c.Name == Train)])),
            .. Chart("Experts: loss on held-out images", "loss", Lines([.. experts.Where(c => c.Name == Validation)])),
            .. Chart("Router: cross-entropy", "nats", [.. RouterLoss(router)]),
            .. Chart("Router: accuracy on held-out images, by t", "accuracy", [.. RouterAccuracy(router)]),
        ];
        return Html.Section(
            "training",
            "Training",
            charts.Length == 0 ? Html.Paragraph("This run has no training curves.") : Html.Gallery(charts),
            charts.Length == 0 ? null : Html.Details("The curves in figures", Table([.. experts, .. router])));
    }

    private static IEnumerable<XElement> Chart(string title, string unit, IReadOnlyList<ChartSeries> series)
    {
        if (series.Count > 0)
        {
            yield return Html.Figure(new SvgLineChart { Title = title, XName = "optimizer step", YName = unit, Series = series }.Draw(), title);
        }
    }

    // Beyond the colours that can be told apart, the spread and the median say more than names.
    private static ChartSeries[] Lines(Curve[] curves) => curves.Length <= ChartPalette.Distinct
        ? [.. curves.Select((c, i) => new ChartSeries(c.Role, c.Steps, c.Values, NumberOf(c.Role) is < ChartPalette.Distinct and var k ? k : i))]
        :
        [
            .. curves.Select(c => new ChartSeries("", c.Steps, c.Values, ChartPalette.Neutral, Faint: true)),
            Median(curves),
        ];

    private static ChartSeries Median(Curve[] curves)
    {
        (double Step, double Value)[] points =
        [
            .. curves.SelectMany(c => c.Steps.Zip(c.Values)).Where(p => double.IsFinite(p.Second)).GroupBy(p => p.First).OrderBy(g => g.Key)
                .Select(g => (g.Key, g.Select(p => p.Second).Order().ElementAt(g.Count() / 2))),
        ];
        return new ChartSeries($"median of {curves.Length}", [.. points.Select(p => p.Step)], [.. points.Select(p => p.Value)], 0);
    }

    private static IEnumerable<ChartSeries> RouterLoss(Curve[] router) => router
        .Where(c => c.Name is Train or Validation)
        .Select(c => new ChartSeries(c.Name == Train ? "training" : "held-out", c.Steps, c.Values, c.Name == Train ? ChartPalette.Neutral : 0));

    private static IEnumerable<ChartSeries> RouterAccuracy(Curve[] router) => router
        .Where(c => c.Name.StartsWith(Accuracy, StringComparison.Ordinal))
        .Select((c, i) => new ChartSeries(c.Name["accuracy/".Length..], c.Steps, c.Values, i % ChartPalette.Distinct));

    private static XElement Table(Curve[] curves) => new(
        "div",
        HtmlTable.Of(
            "First, best and last value of each curve",
            ["Model", "Curve", "Points", "Last step", "First", "Lowest", "Highest", "Last"],
            curves.Select(c =>
            {
                double[] finite = [.. c.Values.Where(double.IsFinite)];
                return (object[])
                [
                    c.Role, c.Name, Figures.Count(c.Values.Length), c.Steps is [.., var last] && double.IsFinite(last) ? Figures.Count((long)last) : Figures.None,
                    Figures.Number(c.Values.Length == 0 ? null : c.Values[0]), Figures.Number(finite.Length == 0 ? null : finite.Min()),
                    Figures.Number(finite.Length == 0 ? null : finite.Max()), Figures.Number(c.Values.Length == 0 ? null : c.Values[^1]),
                ];
            })),
        Html.Paragraph("Every point is a line of ", new XElement("code", "metrics.jsonl"), "."));

    private static int NumberOf(string role) =>
        role.StartsWith("expert-", StringComparison.Ordinal) && int.TryParse(role["expert-".Length..], out int k) && k >= 0 ? k : int.MaxValue;
}
