using System.Globalization;

using MathNet.Numerics.Distributions;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Claims;

/// <summary>Makes gates of figures that were measured once for each seed. A gate is held against the mean; the interval says how sure it is.</summary>
public static class ClaimGates
{
    /// <summary>A gate on the mean over seeds. A figure that is missing under a seed (NaN) makes it fail.</summary>
    /// <param name="id">Short name.</param>
    /// <param name="claim">What is claimed.</param>
    /// <param name="gate">When it holds, in words.</param>
    /// <param name="values">One figure for each seed.</param>
    /// <param name="holds">Whether a mean passes.</param>
    /// <param name="unit">Follows each figure.</param>
    /// <param name="note">Follows the figures.</param>
    public static Gate Mean(string id, string claim, string gate, double[] values, Func<double, bool> holds, string unit = "", string note = "")
    {
        double mean = values.Average();
        return new Gate(id, claim, gate, Text(values, unit) + note, Interval(values), Gate.VerdictOf(double.IsFinite(mean) && holds(mean)));
    }

    /// <summary>A gate on the ratio of two means, for denominators that may be near 0 under a single seed; interval by the jackknife over seeds.</summary>
    public static Gate RatioOfMeans(
        string id, string claim, string gate, double[] over, double[] under, Func<double, bool> holds, string unit = "", string note = "")
    {
        double ratio = over.Average() / under.Average();
        bool unbounded = under.Average() <= 0 && over.Average() > 0;
        string text = (unbounded ? "unbounded" : Figures.Number(ratio, 3)) + $" ({Text(over, unit)} over {Text(under, unit)})" + note;
        return new Gate(id, claim, gate, text, unbounded ? null : Jackknife(over, under), Gate.VerdictOf(unbounded || (double.IsFinite(ratio) && holds(ratio))));
    }

    /// <summary>
    /// A gate on the geometric mean of ratios over seeds, with the interval of the mean logarithm: with numerator and denominator swapped both become
    /// their reciprocals, so the verdict does not depend on which is which.
    /// </summary>
    public static Gate GeometricMean(string id, string claim, string gate, double[] over, double[] under, Func<double, bool> holds, string unit = "")
    {
        double[] ratios = [.. over.Zip(under, (a, b) => a / b)], logarithms = Array.ConvertAll(ratios, Math.Log);
        double logarithm = logarithms.Average(), mean = Math.Exp(logarithm);
        double[]? interval = Interval(logarithms) is { } i ? [Math.Exp(i[0]), Math.Exp(i[1])] : null;
        return new Gate(id, claim, gate, Text(mean, ratios, unit), interval, Gate.VerdictOf(double.IsFinite(logarithm) && holds(mean)));
    }

    /// <summary>Mean and single figures in words.</summary>
    public static string Text(double[] values, string unit = "") => Text(values.Average(), values, unit);

    /// <summary>95 % interval of the mean by Student's t over seeds; null with fewer than two, or a figure that is missing.</summary>
    public static double[]? Interval(double[] values)
    {
        SeedStatistic statistic = SeedStatistic.Of(values);
        if (values.Length < 2 || !double.IsFinite(statistic.Deviation))
        {
            return null;
        }

        double half = Quantile(values.Length) * statistic.Deviation / Math.Sqrt(values.Length);
        return [statistic.Mean - half, statistic.Mean + half];
    }

    /// <summary>The interval in words.</summary>
    public static string IntervalText(double[]? interval) => interval is null
        ? Figures.None
        : string.Create(CultureInfo.InvariantCulture, $"{Figures.Number(interval[0], 3)} to {Figures.Number(interval[1], 3)}");

    private static string Text(double centre, double[] values, string unit) => Figures.Number(centre, 3) + unit
        + (values.Length == 1 ? "" : $" (by seed {string.Join(", ", values.Select(v => Figures.Number(v, 3)))})");

    // Half the width by Student's t, from the ratios that leave one seed out each (Tukey 1958).
    private static double[]? Jackknife(double[] over, double[] under)
    {
        int count = over.Length;
        double ratio = over.Sum() / under.Sum();
        double[] without = [.. Enumerable.Range(0, count).Select(i => (over.Sum() - over[i]) / (under.Sum() - under[i]))];
        if (count < 2 || !Array.TrueForAll(without, double.IsFinite))
        {
            return null;
        }

        double mean = without.Average();
        double half = Quantile(count) * Math.Sqrt((count - 1.0) / count * without.Sum(w => (w - mean) * (w - mean)));
        return [ratio - half, ratio + half];
    }

    private static double Quantile(int count) => StudentT.InvCDF(0, 1, count - 1, 0.975);
}
