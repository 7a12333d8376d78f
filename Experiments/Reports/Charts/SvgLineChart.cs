using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>Lines over a common axis, each named at its end. The y axis is logarithmic where the values ask for it.</summary>
public sealed record SvgLineChart
{
    private const double Width = 380;
    private const double Height = 240;
    private const double Left = 54;
    private const double Top = 12;
    private const double Bottom = Height - 44;
    private const double LabelGap = 13;
    private const int MostMarkedPoints = 16;

    /// <summary>What the chart shows, for a screen reader.</summary>
    public required string Title { get; init; }

    /// <summary>Name of the x axis, with its unit.</summary>
    public required string XName { get; init; }

    /// <summary>Name of the y axis, with its unit.</summary>
    public required string YName { get; init; }

    /// <summary>The lines.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>Ends of the x axis; null = those of the data.</summary>
    public (double Low, double High)? XRange { get; init; }

    /// <summary>Ends of the y axis, which is then linear; null = those of the data.</summary>
    public (double Low, double High)? YRange { get; init; }

    /// <summary>The chart.</summary>
    public XElement Draw()
    {
        double right = Width - 10 - Math.Min(120, Series.Max(s => s.Name.Length == 0 ? 0 : 8 + Svg.WidthOf(s.Name)));
        ChartAxis x = XAxis(right);
        ChartAxis y = YAxis();
        return Svg.Drawing(
            Width,
            Height,
            Title,
            Axes(x, y, right),
            Series.Select(s => Line(s, x, y)),
            Labels(x, y, right));
    }

    private ChartAxis XAxis(double right)
    {
        double[] values = [.. Series.SelectMany(s => s.X).Where(double.IsFinite)];
        (double low, double high) = XRange ?? (values.Length == 0 ? (0, 1) : (values.Min(), values.Max()));
        return ChartAxis.Linear(low, high, Left, right, widen: false);
    }

    private ChartAxis YAxis()
    {
        if (YRange is { } range)
        {
            return ChartAxis.Linear(range.Low, range.High, Bottom, Top, widen: false);
        }

        double[] values = [.. Series.SelectMany(s => s.Y).Where(double.IsFinite)];
        return values.Length == 0 ? ChartAxis.Linear(0, 1, Bottom, Top)
            : ChartAxis.AsksForLog(values) ? ChartAxis.Log(values.Min(), values.Max(), Bottom, Top)
            : ChartAxis.Linear(values.Min(), values.Max(), Bottom, Top);
    }

    private IEnumerable<XElement> Axes(ChartAxis x, ChartAxis y, double right)
    {
        foreach (double tick in y.Ticks)
        {
            yield return Svg.Line(Left, y.Position(tick), right, y.Position(tick), "grid");
            yield return Svg.Text(Left - 6, y.Position(tick) + 4, y.Label(tick), anchor: "end");
        }

        yield return Svg.Line(Left, Bottom, right, Bottom, "axis");
        foreach (double tick in x.Ticks)
        {
            yield return Svg.Line(x.Position(tick), Bottom, x.Position(tick), Bottom + 4, "axis");
            yield return Svg.Text(x.Position(tick), Bottom + 17, x.Label(tick), anchor: "middle");
        }

        yield return Svg.Text((Left + right) / 2, Height - 8, XName, "name", "middle");
        yield return Svg.Upwards(12, (Top + Bottom) / 2, y.IsLog ? YName + " (log)" : YName);
    }

    private static IEnumerable<XElement> Line(ChartSeries series, ChartAxis x, ChartAxis y)
    {
        (double X, double Y)[] points = [.. series.X.Zip(series.Y, (a, b) => (x.Position(a), y.Position(b)))];
        var path = new StringBuilder();
        bool down = false;
        foreach ((double px, double py) in points)
        {
            bool drawn = double.IsFinite(px) && double.IsFinite(py);
            if (drawn)
            {
                path.Append(CultureInfo.InvariantCulture, $"{(down ? 'L' : 'M')}{Svg.N(px)} {Svg.N(py)}");
            }

            down = drawn;
        }

        string style = ChartPalette.Class(series.Colour) + (series.Faint ? " faint" : "");
        yield return Svg.Path(path.ToString(), "line " + style);
        if (points.Length > MostMarkedPoints || series.Faint)
        {
            yield break;
        }

        foreach ((double px, double py) in points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)))
        {
            yield return new XElement(
                "circle", new XAttribute("cx", Svg.N(px)), new XAttribute("cy", Svg.N(py)), new XAttribute("r", "2.6"), Html.Class("dot " + style));
        }
    }

    // Labels stand at the ends of their lines, moved apart where lines end close together.
    private IEnumerable<XElement> Labels(ChartAxis x, ChartAxis y, double right)
    {
        (ChartSeries Series, double Y)[] ends =
        [
            .. Series.Where(s => s.Name.Length > 0)
                .Select(s => (s, y.Position(s.Y.LastOrDefault(double.IsFinite, double.NaN))))
                .Where(e => double.IsFinite(e.Item2))
                .OrderBy(e => e.Item2),
        ];
        double[] places = Spread([.. ends.Select(e => e.Y)]);
        for (int i = 0; i < ends.Length; i++)
        {
            string name = Svg.Fit(ends[i].Series.Name, Width - right - 8);
            yield return Svg.Text(right + 6, places[i] + 4, name, "label " + ChartPalette.Class(ends[i].Series.Colour));
        }
    }

    private static double[] Spread(double[] ascending)
    {
        double[] places = [.. ascending];
        for (int i = 1; i < places.Length; i++)
        {
            places[i] = Math.Max(places[i], places[i - 1] + LabelGap);
        }

        double lowest = Bottom;
        for (int i = places.Length - 1; i >= 0 && places[i] > lowest; i--, lowest -= LabelGap)
        {
            places[i] = lowest;
        }

        return places;
    }
}
