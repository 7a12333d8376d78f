using System.Xml.Linq;

using OrleansDDM.Experiments.Reports;
using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Compare;

/// <summary>One row of a dot plot.</summary>
/// <param name="Name">Stands before the row.</param>
/// <param name="Values">One dot each.</param>
/// <param name="Colour">Index into the palette.</param>
internal sealed record DotRow(string Name, IReadOnlyList<double> Values, int Colour);

/// <summary>Rows of dots on one axis, with a line at each row's mean.</summary>
internal static class DotPlot
{
    private const double Width = 520;
    private const double Pitch = 22;
    private const double Top = 20;
    private const double Right = 28;

    /// <summary>The plot.</summary>
    /// <param name="title">What it shows, for a screen reader.</param>
    /// <param name="axis">Name of the axis.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="reference">A value to mark across all rows, with its name.</param>
    public static XElement Draw(string title, string axis, IReadOnlyList<DotRow> rows, (double Value, string Name) reference)
    {
        double left = 10 + rows.Select(r => Svg.WidthOf(r.Name)).DefaultIfEmpty().Max();
        double bottom = Top + (Pitch * rows.Count);
        double[] values = [.. rows.SelectMany(r => r.Values).Append(reference.Value).Where(double.IsFinite)];
        ChartAxis x = ChartAxis.AsksForLog(values)
            ? ChartAxis.Log(values.Min(), values.Max(), left, Width - Right)
            : ChartAxis.Linear(0, values.DefaultIfEmpty(1).Max(), left, Width - Right);
        double mark = x.Position(reference.Value);
        return Svg.Drawing(
            Width,
            bottom + 40,
            title,
            x.Ticks.SelectMany(tick => new[]
            {
                Svg.Line(x.Position(tick), Top, x.Position(tick), bottom, "grid"),
                Svg.Text(x.Position(tick), bottom + 15, x.Label(tick), anchor: "middle"),
            }),
            double.IsFinite(mark) ? new[] { Svg.Line(mark, Top - 4, mark, bottom, "line mark"), Svg.Text(mark, Top - 8, reference.Name, "name") } : null,
            rows.SelectMany((row, i) => Row(row, x, left, Top + (Pitch * (i + 0.5)))),
            Svg.Text((left + Width) / 2, bottom + 33, x.IsLog ? axis + " (log)" : axis, "name", "middle"));
    }

    private static IEnumerable<XElement> Row(DotRow row, ChartAxis x, double left, double y)
    {
        string colour = ChartPalette.Class(row.Colour);
        yield return Svg.Text(left - 6, y + 4, row.Name, anchor: "end");
        double mean = x.Position(row.Values.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average());
        if (double.IsFinite(mean))
        {
            yield return Svg.Rectangle(mean - 1, y - 8, 2, 16, "fill " + colour);
        }

        foreach (double value in row.Values.Where(v => double.IsFinite(x.Position(v))))
        {
            yield return new XElement(
                "circle",
                new XAttribute("cx", Svg.N(x.Position(value))),
                new XAttribute("cy", Svg.N(y)),
                new XAttribute("r", "3.6"),
                Html.Class("dot " + colour),
                Svg.Tip($"{row.Name}: {Figures.Number(value)}"));
        }
    }
}
