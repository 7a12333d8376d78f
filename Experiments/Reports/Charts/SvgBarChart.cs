using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>A piece of a bar.</summary>
/// <param name="Value">Length, at least 0; what is not finite has none.</param>
/// <param name="Colour">Index into the palette.</param>
/// <param name="Name">Stands in the piece where it fits, and in its tooltip; may be empty.</param>
public sealed record BarPiece(double Value, int Colour, string Name = "");

/// <summary>A bar of one or more pieces end to end.</summary>
/// <param name="Name">Stands before the bar.</param>
/// <param name="Pieces">The pieces.</param>
/// <param name="Text">Stands after the bar, usually its value.</param>
public sealed record Bar(string Name, IReadOnlyList<BarPiece> Pieces, string Text);

/// <summary>Horizontal bars from zero, one under the other, with an optional line to compare with.</summary>
public static class SvgBarChart
{
    private const double Width = 370;
    private const double Pitch = 24;
    private const double Thick = 17;

    /// <summary>The chart.</summary>
    /// <param name="title">What it shows, for a screen reader.</param>
    /// <param name="bars">The bars.</param>
    /// <param name="reference">A value to mark across all bars, with its name.</param>
    public static XElement Draw(string title, IReadOnlyList<Bar> bars, (double Value, string Name)? reference = null)
    {
        ArgumentNullException.ThrowIfNull(bars);
        double left = Math.Min(130, 8 + bars.Select(b => Svg.WidthOf(b.Name)).DefaultIfEmpty().Max());
        double right = Width - Math.Min(110, 8 + bars.Select(b => Svg.WidthOf(b.Text)).DefaultIfEmpty().Max());
        double top = reference is null ? 4 : 20;
        double longest = bars.Select(b => b.Pieces.Sum(Length)).Append(Finite(reference?.Value ?? 0)).Max();
        double scale = longest > 0 ? (right - left) / longest : 0;
        return Svg.Drawing(
            Width,
            top + Pitch * bars.Count + 4,
            title,
            bars.SelectMany((bar, i) => Draw(bar, top + i * Pitch, left, scale)),
            reference is { } mark && double.IsFinite(mark.Value) ? Mark(mark, left + mark.Value * scale, top, bars.Count) : null);
    }

    private static IEnumerable<XElement> Draw(Bar bar, double y, double left, double scale)
    {
        double baseline = y + Thick / 2 + 4;
        yield return Svg.Text(left - 6, baseline, Svg.Fit(bar.Name, left - 6), anchor: "end");
        double x = left;
        foreach (BarPiece piece in bar.Pieces)
        {
            double width = Length(piece) * scale;
            if (width > 0)
            {
                XElement? tip = piece.Name.Length == 0 ? null : Svg.Tip($"{bar.Name}, {piece.Name}: {Figures.Number(piece.Value)}");
                yield return Svg.Rectangle(x, y, width, Thick, "fill " + ChartPalette.Class(piece.Colour), tip);
                if (piece.Name.Length > 0 && Svg.WidthOf(piece.Name) + 6 < width)
                {
                    yield return Svg.Text(x + width / 2, baseline, piece.Name, "ink " + ChartPalette.Class(piece.Colour), "middle");
                }
            }

            x += width;
        }

        yield return Svg.Text(x + 6, baseline, bar.Text, "value");
    }

    private static IEnumerable<XElement> Mark((double Value, string Name) mark, double x, double top, int bars)
    {
        yield return Svg.Line(x, top - 4, x, top + bars * Pitch, "line mark");
        yield return Svg.Text(x, top - 8, mark.Name, "name", x > Width * 0.6 ? "end" : x < Width * 0.4 ? "start" : "middle");
    }

    private static double Length(BarPiece piece) => Math.Max(0, Finite(piece.Value));

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;
}
