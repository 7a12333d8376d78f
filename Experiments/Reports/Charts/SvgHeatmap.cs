using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>Shares in the cells of a grid, the darker the larger; with their percentages where there is room.</summary>
public static class SvgHeatmap
{
    /// <summary>Most rows and columns that still get numbers.</summary>
    public const int MostNumbered = 12;

    private const int Levels = 12;
    private const double Width = 260;
    private const double Left = 34;
    private const double Top = 30;

    /// <summary>The chart.</summary>
    /// <param name="title">What it shows, for a screen reader.</param>
    /// <param name="rowName">What a row is.</param>
    /// <param name="columnName">What a column is.</param>
    /// <param name="shares">[row][column], in [0, 1]; a cell that is not finite stays empty and says so.</param>
    /// <param name="columns">Number of the last column in the axis' own count; by default the number of columns.</param>
    /// <param name="numbered">Whether to write percentages; they are also left out where there are too many cells.</param>
    /// <param name="first">Number of the first column in the axis' own count.</param>
    public static XElement Draw(
        string title, string rowName, string columnName, IReadOnlyList<IReadOnlyList<double>> shares, int? columns = null, bool numbered = true, int first = 0)
    {
        ArgumentNullException.ThrowIfNull(shares);
        int rows = shares.Count;
        int width = rows == 0 ? 0 : shares.Max(row => row.Count);
        double cell = (Width - Left - 4) / Math.Max(1, width);
        double tall = numbered ? Math.Min(cell, 44) : Math.Min(160.0 / Math.Max(1, rows), 20);
        bool text = numbered && rows <= MostNumbered && width <= MostNumbered;
        double bottom = Top + tall * rows;
        return Svg.Drawing(
            Width,
            bottom + 6,
            title,
            Svg.Text(Left + (Width - Left) / 2, 9, columnName, "name", "middle"),
            Svg.Upwards(9, (Top + bottom) / 2, rowName),
            Svg.Rectangle(Left, Top, cell * width, tall * rows, "frame"),
            Cells(shares, cell, tall),
            text ? Numbers(shares, cell, tall) : null,
            Ends(rows, width, columns, first, text, cell, tall));
    }

    // One path per level of darkness keeps a map of many thousand cells small.
    private static IEnumerable<XElement> Cells(IReadOnlyList<IReadOnlyList<double>> shares, double cell, double tall) =>
        from r in Enumerable.Range(0, shares.Count)
        from c in Enumerable.Range(0, shares[r].Count)
        let level = double.IsFinite(shares[r][c]) ? (int)Math.Ceiling(Math.Clamp(shares[r][c], 0, 1) * Levels) : 0
        where level > 0
        group (r, c) by level into cells
        orderby cells.Key
        select new XElement(
            "path",
            Html.Class("fill heat s0"),
            new XAttribute("fill-opacity", (cells.Key / (double)Levels).ToString("0.##", CultureInfo.InvariantCulture)),
            new XAttribute("d", cells.Aggregate(new StringBuilder(), (path, at) => path.Append(
                CultureInfo.InvariantCulture,
                $"M{Svg.N(Left + at.c * cell)} {Svg.N(Top + at.r * tall)}h{Svg.N(cell)}v{Svg.N(tall)}h-{Svg.N(cell)}z")).ToString()));

    private static IEnumerable<XElement> Numbers(IReadOnlyList<IReadOnlyList<double>> shares, double cell, double tall) =>
        from r in Enumerable.Range(0, shares.Count)
        from c in Enumerable.Range(0, shares[r].Count)
        let share = shares[r][c]
        select Svg.Text(
            Left + (c + 0.5) * cell,
            Top + (r + 0.5) * tall + 4,
            double.IsFinite(share) ? (100 * share).ToString("0", CultureInfo.InvariantCulture) : Figures.None,
            share > 0.55 ? "ink s0" : "",
            "middle");

    private static IEnumerable<XElement> Ends(int rows, int width, int? columns, int first, bool each, double cell, double tall)
    {
        int last = columns is { } n ? first + n - 1 : first + width - 1;
        for (int r = 0; r < rows; r++)
        {
            if (each || r == 0 || r == rows - 1)
            {
                yield return Svg.Text(Left - 4, Top + (r + 0.5) * tall + 4, r.ToString(CultureInfo.InvariantCulture), anchor: "end");
            }
        }

        for (int c = 0; c < width; c++)
        {
            if (each || c == 0 || c == width - 1)
            {
                int number = !each && c == width - 1 ? last : first + c;
                yield return Svg.Text(Left + (c + 0.5) * cell, Top - 5, number.ToString(CultureInfo.InvariantCulture), anchor: "middle");
            }
        }
    }
}
