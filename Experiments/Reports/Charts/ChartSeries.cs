namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>One line of a chart.</summary>
/// <param name="Name">Stands at the end of the line; empty for a line without a label.</param>
/// <param name="X">Abscissas, ascending.</param>
/// <param name="Y">Ordinates; the line breaks where one is not finite.</param>
/// <param name="Colour">Index into the palette, see <see cref="ChartPalette"/>.</param>
/// <param name="Faint">Whether the line is one of many that only show the spread.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, int Colour, bool Faint = false);
