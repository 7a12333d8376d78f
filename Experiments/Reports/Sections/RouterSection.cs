using System.Xml.Linq;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>How well the router tells the clusters apart, and which it takes for which.</summary>
internal static class RouterSection
{
    public static XElement? Of(IReadOnlyList<RouterJudgement> router)
    {
        if (router.Count == 0)
        {
            return null;
        }

        int experts = router[0].Confusion.Length;
        double[] times = [.. router.Select(r => r.Time)];
        double largest = LargestCluster(router[0]);
        return Html.Section(
            "router",
            "Router",
            Html.Paragraph(
                "The router guesses the cluster of a clean image from its noisy version. At much noise no router can know; it should then fall back to the "
                + "sizes of the clusters."),
            Html.Gallery(
            [
                Html.Figure(
                    new SvgLineChart
                    {
                        Title = "Router accuracy over t",
                        XName = "t (0 = data, 1 = noise)",
                        YName = "accuracy",
                        XRange = (0, 1),
                        YRange = (0, 1),
                        Series =
                        [
                            new ChartSeries("router", times, [.. router.Select(r => r.Accuracy)], 0),
                            new ChartSeries("largest cluster", [0, 1], [largest, largest], ChartPalette.Neutral),
                        ],
                    }.Draw(),
                    "Accuracy on held-out images, beside that of always naming the largest cluster."),
            ]),
            new XElement("h3", "Confusion"),
            Html.Paragraph("Of the images of each true cluster (rows), the percentage for which the router thinks each cluster most probable (columns)."),
            Html.Gallery(router.Select(Confusion), small: true),
            Html.Details("Accuracy in figures", HtmlTable.Of(
                "Router accuracy on held-out images",
                ["t", "Accuracy", "Images"],
                router.Select(r => (object[])[Time(r), Figures.Share(r.Accuracy), Figures.Count(r.Confusion.Sum(row => row.Sum(n => (long)n)))]))),
            experts <= SvgHeatmap.MostNumbered
                ? Html.Details("Confusion in counts", router.Select(r => Counts(r, experts)))
                : Html.Paragraph("The counts are in ", new XElement("code", "metrics.json"), " under ", new XElement("code", "router"), "."));
    }

    private static XElement Confusion(RouterJudgement judgement) => Html.Figure(
        SvgHeatmap.Draw(
            $"Router confusion at t = {Time(judgement)}",
            "true cluster",
            "router's choice",
            [.. judgement.Confusion.Select(Shares)]),
        $"t = {Time(judgement)}: {Figures.Share(judgement.Accuracy)} right");

    private static double[] Shares(int[] row)
    {
        double sum = row.Sum(n => (double)n);
        return [.. row.Select(n => sum == 0 ? double.NaN : n / sum)];
    }

    private static XElement Counts(RouterJudgement judgement, int experts) => HtmlTable.Of(
        $"t = {Time(judgement)}: images by true cluster and the router's choice",
        ["True cluster", .. Enumerable.Range(0, experts).Select(k => $"{k}")],
        judgement.Confusion.Select((row, k) => (object[])[$"{k}", .. Enumerable.Range(0, experts).Select(c => c < row.Length ? Figures.Count(row[c]) : Figures.None)]));

    private static double LargestCluster(RouterJudgement judgement)
    {
        double[] sizes = [.. judgement.Confusion.Select(row => row.Sum(n => (double)n))];
        return sizes.Sum() == 0 ? double.NaN : sizes.Max() / sizes.Sum();
    }

    private static string Time(RouterJudgement judgement) => Figures.Number(judgement.Time, 3);
}
