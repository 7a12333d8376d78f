namespace OrleansDDM.Experiments.Compare;

/// <summary>Mean and standard deviation of a figure over seeds.</summary>
/// <param name="Mean">Mean.</param>
/// <param name="Deviation">Standard deviation of one seed (n - 1); NaN with fewer than two seeds.</param>
/// <param name="Count">Number of seeds.</param>
public sealed record SeedStatistic(double Mean, double Deviation, int Count)
{
    /// <summary>The statistic of some values; NaN of none.</summary>
    public static SeedStatistic Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double mean = all.Length == 0 ? double.NaN : all.Average();
        double deviation = all.Length < 2 ? double.NaN : Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1));
        return new SeedStatistic(mean, deviation, all.Length);
    }
}

/// <summary>How far a figure lies below another, and how much both vary over seeds.</summary>
/// <param name="Difference">The other's mean minus this one's: above 0 this one is lower.</param>
/// <param name="Deviation">The larger of both standard deviations over seeds; NaN with one seed.</param>
public sealed record Margin(double Difference, double Deviation)
{
    /// <summary>How far <paramref name="low"/> lies below <paramref name="high"/>.</summary>
    public static Margin Of(SeedStatistic low, SeedStatistic high)
    {
        ArgumentNullException.ThrowIfNull(low);
        ArgumentNullException.ThrowIfNull(high);
        return new Margin(high.Mean - low.Mean, Math.Max(low.Deviation, high.Deviation));
    }

    /// <summary>Whether the difference exceeds <paramref name="deviations"/> standard deviations; with one seed it never does.</summary>
    public bool Exceeds(double deviations) => Difference > deviations * Deviation;

    /// <summary>The difference, and so many deviations to either side; null with one seed.</summary>
    public double[]? Interval(double deviations) =>
        double.IsFinite(Deviation) ? [Difference - (deviations * Deviation), Difference + (deviations * Deviation)] : null;
}
