using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>Shares of a whole over steps, one band per part, part k in colour k.</summary>
public static class SvgStackedArea
{
    private const double Width = 260;
    private const double Height = 150;
    private const double Left = 34;
    private const double Right = Width - 6;
    private const double Top = 8;
    private const double Bottom = Height - 34;

    /// <summary>The chart.</summary>
    /// <param name="title">What it shows, for a screen reader.</param>
    /// <param name="xName">Name of the x axis.</param>
    /// <param name="shares">[step][part], in [0, 1]; what is not finite counts as 0.</param>
    /// <param name="steps">Number of the last step on the axis; by default the number of <paramref name="shares"/>.</param>
    public static XElement Draw(string title, string xName, IReadOnlyList<IReadOnlyList<double>> shares, int? steps = null)
    {
        ArgumentNullException.ThrowIfNull(shares);
        int parts = shares.Count == 0 ? 0 : shares.Max(row => row.Count);
        ChartAxis y = ChartAxis.Linear(0, 1, Bottom, Top, widen: false);
        double[] below = new double[shares.Count];
        var bands = new List<XElement>();
        for (int part = 0; part < parts; part++)
        {
            double[] above = [.. below.Select((b, step) => Math.Clamp(b + At(shares[step], part), 0, 1))];
            bands.Add(Svg.Path(Band(below, above, y), "fill " + ChartPalette.Class(part)));
            below = above;
        }

        return Svg.Drawing(
            Width,
            Height,
            title,
            ((double[])[0, 0.5, 1]).SelectMany(tick => (XElement[])
            [
                Svg.Line(Left, y.Position(tick), Right, y.Position(tick), "grid"),
                Svg.Text(Left - 5, y.Position(tick) + 4, tick.ToString("0.#", CultureInfo.InvariantCulture), anchor: "end"),
            ]),
            bands,
            Svg.Text(Left, Bottom + 14, "1"),
            Svg.Text(Right, Bottom + 14, (steps ?? shares.Count).ToString(CultureInfo.InvariantCulture), anchor: "end"),
            Svg.Text((Left + Right) / 2, Bottom + 26, xName, "name", "middle"));
    }

    private static double At(IReadOnlyList<double> row, int part) => part < row.Count && double.IsFinite(row[part]) ? Math.Max(0, row[part]) : 0;

    // Stairs, not slopes: between two steps there is nothing.
    private static string Band(double[] below, double[] above, ChartAxis y)
    {
        double stair = (Right - Left) / Math.Max(1, above.Length);
        var path = new StringBuilder();
        for (int i = 0; i < above.Length; i++)
        {
            path.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? 'M' : 'L')}{Svg.N(Left + i * stair)} {Svg.N(y.Position(above[i]))}H{Svg.N(Left + (i + 1) * stair)}");
        }

        for (int i = below.Length - 1; i >= 0; i--)
        {
            path.Append(CultureInfo.InvariantCulture, $"V{Svg.N(y.Position(below[i]))}H{Svg.N(Left + i * stair)}");
        }

        return path.Append('Z').ToString();
    }
}
