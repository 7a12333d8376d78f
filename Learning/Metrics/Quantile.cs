namespace OrleansDDM.Learning.Metrics;

/// <summary>Quantiles of samples.</summary>
internal static class Quantile
{
    /// <summary>The quantile with linear interpolation between order statistics (type 7 of Hyndman and Fan 1996).</summary>
    /// <param name="values">At least one value, in any order.</param>
    /// <param name="share">In [0, 1].</param>
    internal static double Of(double[] values, double share)
    {
        double[] sorted = [.. values.Order()];
        double position = share * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
