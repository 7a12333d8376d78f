namespace OrleansDDM.Benchmarks;

/// <summary>Statistics of rounds.</summary>
internal static class Figures
{
    /// <summary>The middle value; of an even number, the upper of the two.</summary>
    public static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
