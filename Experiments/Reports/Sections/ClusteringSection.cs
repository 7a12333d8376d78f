using System.Xml.Linq;

using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>Sizes of the clusters and, where images have labels, which classes they hold.</summary>
internal static class ClusteringSection
{
    private const string Rest = "other classes";

    public static XElement Of(ClusterReport? clusters) => clusters is null || clusters.Sizes.Count == 0
        ? Html.Section("clustering", "Clustering", Html.Paragraph("This run has no report of its clustering."))
        : Html.Section(
            "clustering",
            "Clustering",
            Html.Paragraph(Text(clusters)),
            clusters.Labels is null ? null : ChartPalette.Key(Shown(clusters).Select((c, i) => (NameOf(clusters, c), i)).Concat(Others(clusters))),
            Html.Gallery([Html.Figure(SvgBarChart.Draw("Training images of each cluster", [.. clusters.Sizes.Select((size, k) => BarOf(clusters, k, size))]))]),
            Html.Details("Clusters in figures", Table(clusters)));

    private static string Text(ClusterReport clusters)
    {
        string method = clusters.Method switch
        {
            "features" => "Images were grouped by k-means on features; labels had no part in it.",
            "random" => "Images were put into clusters at random: the control.",
            "single" => "All images form one cluster.",
            _ => $"Method: {clusters.Method}.",
        };
        string range = clusters.Sizes.Count == 1
            ? "."
            : $", clusters of {Figures.Count(clusters.Sizes.Min())} to {Figures.Count(clusters.Sizes.Max())}.";
        return $"{method} {Figures.Count(clusters.Sizes.Sum())} training images{range}"
            + (clusters.Labels is null ? " The data has no labels." : "");
    }

    private static Bar BarOf(ClusterReport clusters, int k, long size)
    {
        string text = $"{Figures.Count(size)} ({Figures.Share(size / Math.Max(1.0, clusters.Sizes.Sum()))})";
        if (clusters.Labels is null)
        {
            return new Bar($"cluster {k}", [new BarPiece(size, 0)], text);
        }

        int[] shown = Shown(clusters);
        IReadOnlyList<long> row = clusters.Labels[k];
        IEnumerable<BarPiece> pieces = shown.Select((c, i) => new BarPiece(row[c], i, NameOf(clusters, c)));
        long rest = row.Where((_, c) => !shown.Contains(c)).Sum();
        return new Bar($"cluster {k}", [.. pieces, new BarPiece(rest, ChartPalette.Count - 1, Rest)], text);
    }

    // With more classes than colours, the most frequent have one each and the others share the last.
    private static int[] Shown(ClusterReport clusters)
    {
        int classes = clusters.Classes.Count;
        return classes <= ChartPalette.Count
            ? [.. Enumerable.Range(0, classes)]
            : [.. Enumerable.Range(0, classes).OrderByDescending(c => clusters.Labels!.Sum(row => row[c])).Take(ChartPalette.Count - 1).Order()];
    }

    private static IEnumerable<(string Name, int Colour)> Others(ClusterReport clusters) =>
        clusters.Classes.Count > ChartPalette.Count ? [(Rest, ChartPalette.Count - 1)] : [];

    private static string NameOf(ClusterReport clusters, int c) => clusters.Classes[c].Length == 0 ? $"class {c}" : clusters.Classes[c];

    private static XElement Table(ClusterReport clusters)
    {
        double all = Math.Max(1.0, clusters.Sizes.Sum());
        int classes = clusters.Labels is null ? 0 : clusters.Classes.Count;
        return HtmlTable.Of(
            classes == 0 ? "Training images of each cluster" : "Training images of each cluster, and of each class in it",
            ["Cluster", "Images", "Share", .. Enumerable.Range(0, classes).Select(c => NameOf(clusters, c))],
            clusters.Sizes.Select((size, k) => (object[])
                [$"{k}", Figures.Count(size), Figures.Share(size / all), .. Enumerable.Range(0, classes).Select(c => Figures.Count(clusters.Labels![k][c]))]));
    }
}
