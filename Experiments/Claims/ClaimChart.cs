using ScottPlot;

namespace OrleansDDM.Experiments.Claims;

/// <summary>A plot of curves.</summary>
/// <param name="Name">Last part of the file's name.</param>
/// <param name="Title">Title.</param>
/// <param name="XName">Name of the x axis, with its unit.</param>
/// <param name="YName">Name of the y axis, with its unit.</param>
/// <param name="Lines">The curves.</param>
/// <param name="LogY">Whether the y axis is logarithmic.</param>
public sealed record ClaimChart(
    string Name, string Title, string XName, string YName, IReadOnlyList<(string Name, ArmCurve Curve)> Lines, bool LogY = false)
{
    private const int Width = 900;
    private const int Height = 540;

    // After Okabe and Ito (2008), as in the report's own charts.
    private static readonly string[] Colours =
        ["#0072b2", "#d55e00", "#007f5c", "#b0508f", "#c28500", "#3b93cf", "#7a4a32", "#666c74", "#6b7a00", "#4b3e9c"];

    /// <summary>Writes <c>STEM-NAME.png</c> and <c>.svg</c>.</summary>
    /// <param name="stem">Path without an end.</param>
    public void Save(string stem)
    {
        using var plot = new Plot();
        for (int i = 0; i < Lines.Count; i++)
        {
            (double X, double Y)[] points = [.. Lines[i].Curve.X.Zip(Lines[i].Curve.Y, (x, y) => (x, LogY ? Math.Log10(y) : y)).Where(p => double.IsFinite(p.Item2))];
            if (points.Length == 0)
            {
                continue;
            }

            var line = plot.Add.ScatterLine(points.Select(p => p.X).ToArray(), points.Select(p => p.Y).ToArray());
            line.LegendText = Lines[i].Name;
            line.LineWidth = 2;
            line.Color = Color.FromHex(Colours[i % Colours.Length]);
        }

        plot.Title(Title);
        plot.XLabel(XName);
        plot.YLabel(LogY ? $"log10 of {YName}" : YName);
        plot.ShowLegend(Edge.Right);
        plot.SavePng($"{stem}-{Name}.png", Width, Height);
        plot.SaveSvg($"{stem}-{Name}.svg", Width, Height);
    }
}
