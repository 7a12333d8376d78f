using System.Globalization;

namespace OrleansDDM.Client.Chaos;

/// <summary>Smallest, middle and largest of measured values.</summary>
/// <param name="Min">The smallest.</param>
/// <param name="Median">The middle one.</param>
/// <param name="Max">The largest.</param>
internal sealed record Spread(double Min, double Median, double Max)
{
    /// <summary>Of values; null = there are none.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null
            : new Spread(Round(sorted[0]), Round((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2), Round(sorted[^1]));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Min}/{Median}/{Max}");

    private static double Round(double value) => Math.Round(value, 1);
}
