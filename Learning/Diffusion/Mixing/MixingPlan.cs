namespace OrleansDDM.Learning.Diffusion;

/// <summary>Which experts to ask about which samples, and how to weigh the answers. Known before any expert is called.</summary>
/// <param name="Batch">Samples B.</param>
/// <param name="Count">Experts K.</param>
/// <param name="Weights">Effective weights, (B, K) row-major; non-negative, every row sums to 1, 0 = not asked.</param>
/// <param name="Dropped">Per sample, the router's mass on living experts that the rule leaves out, in [0, 1].</param>
/// <param name="Dead">Per sample, the router's mass on dead experts, in [0, 1].</param>
public sealed record MixingPlan(int Batch, int Count, double[] Weights, double[] Dropped, double[] Dead)
{
    /// <summary>The samples that <paramref name="expert"/> is needed for, ascending.</summary>
    public int[] RowsOf(int expert) => [.. Enumerable.Range(0, Batch).Where(row => Weights[(row * Count) + expert] > 0)];

    /// <summary>The experts that sample <paramref name="row"/> needs, ascending.</summary>
    public int[] ExpertsOf(int row) => [.. Enumerable.Range(0, Count).Where(expert => Weights[(row * Count) + expert] > 0)];

    /// <summary>The plan for an ensemble of one.</summary>
    public static MixingPlan Single(int batch)
    {
        double[] ones = new double[batch];
        Array.Fill(ones, 1);
        return new MixingPlan(batch, 1, ones, new double[batch], new double[batch]);
    }
}
