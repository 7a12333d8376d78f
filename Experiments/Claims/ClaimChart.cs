using ScottPlot;

namespace OrleansDDM.Experiments.Claims;

/// <summary>A plot of curves.</summary>
/// <param name="Name">Last part of the file's name.</param>
/// <param name="Title">Title, without a seed.</param>
/// <param name="XName">Name of the x axis, with its unit.</param>
/// <param name="YName">Name of the y axis, with its unit.</param>
/// <param name="Lines">The curves.</param>
/// <param name="LogY">Whether the y axis is logarithmic.</param>
/// <param name="Seed">The seed that the curves are of; null = they are means over seeds.</param>
public sealed record ClaimChart(
    string Name, string Title, string XName, string YName, IReadOnlyList<(string Name, ArmCurve Curve)> Lines, bool LogY = false,
    ulong? Seed = null)
{
    private const int Width = 900;
    private const int Height = 540;

    // After Okabe and Ito (2008), as in the report's own charts.
    private static readonly string[] Colours =
        ["#0072b2", "#d55e00", "#007f5c", "#b0508f", "#c28500", "#3b93cf", "#7a4a32", "#666c74", "#6b7a00", "#4b3e9c"];

    /// <summary>Title as it is drawn.</summary>
    public string Heading => Seed is { } seed ? FormattableString.Invariant($"{Title}, seed {seed}") : Title;

    /// <summary>What stands below the chart.</summary>
    public string Caption => Seed is null ? Title + "; mean over seeds." : Heading + ".";

    /// <summary>Name of the y axis as it is drawn.</summary>
    public string YLabel => LogY ? $"log10 of {YName}" : YName;

    /// <summary>The curves as they are drawn: logarithms where the axis asks for them, points that are not finite left out, and no empty curve.</summary>
    public IReadOnlyList<(string Name, ArmCurve Curve)> Drawn =>
    [
        .. Lines.Select(line => (line.Name, Points: line.Curve.X.Zip(line.Curve.Y, (x, y) => (X: x, Y: LogY ? Math.Log10(y) : y)).Where(p => double.IsFinite(p.Y)).ToArray()))
            .Where(line => line.Points.Length > 0)
            .Select(line => (line.Name, new ArmCurve([.. line.Points.Select(p => p.X)], [.. line.Points.Select(p => p.Y)]))),
    ];

    /// <summary>Writes <c>STEM-NAME.png</c> and <c>.svg</c>.</summary>
    /// <param name="stem">Path without an end.</param>
    public void Save(string stem)
    {
        using var plot = new Plot();
        foreach (((string name, ArmCurve curve), int i) in Drawn.Select((line, i) => (line, i)))
        {
            var line = plot.Add.ScatterLine(curve.X, curve.Y);
            line.LegendText = name;
            line.LineWidth = 2;
            line.Color = Color.FromHex(Colours[i % Colours.Length]);
        }

        plot.Title(Heading);
        plot.XLabel(XName);
        plot.YLabel(YLabel);
        plot.ShowLegend(Edge.Right);
        plot.SavePng($"{stem}-{Name}.png", Width, Height);
        plot.SaveSvg($"{stem}-{Name}.svg", Width, Height);
    }
}
