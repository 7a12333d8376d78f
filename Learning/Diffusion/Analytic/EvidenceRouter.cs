using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>The exact router over experts that know their densities: p(k | x_t) = pi_k p_k(x_t) / sum_j pi_j p_j(x_t) (DDM eq. 5).</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class EvidenceRouter<T> : IRouter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IReadOnlyList<ILogEvidence<T>> _models;
    private readonly double[] _logMasses;

    /// <summary>Creates a router.</summary>
    /// <param name="models">The experts' densities, in index order.</param>
    /// <param name="masses">Cluster masses pi_k, up to a factor, &gt;= 0.</param>
    /// <exception cref="ArgumentException">Counts that differ, or no positive, finite mass.</exception>
    public EvidenceRouter(IReadOnlyList<ILogEvidence<T>> models, IReadOnlyList<double> masses)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(masses);
        if (models.Count == 0 || models.Count != masses.Count || masses.Any(m => !(m >= 0 && double.IsFinite(m))) || masses.Sum() <= 0)
        {
            throw new ArgumentException("A router needs one mass (>= 0, finite, not all 0) per model.", nameof(masses));
        }

        _models = models;
        _logMasses = [.. masses.Select(m => Math.Log(m))];
    }

    /// <inheritdoc/>
    public int Count => _models.Count;

    /// <inheritdoc/>
    public ValueTask<double[]> WeightsAsync(State<T> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        double[] weights = new double[x.Batch * Count];
        for (int k = 0; k < Count; k++)
        {
            double[] evidence = _models[k].LogEvidence(x, level);
            for (int b = 0; b < x.Batch; b++)
            {
                weights[(b * Count) + k] = _logMasses[k] + evidence[b];
            }
        }

        for (int b = 0; b < x.Batch; b++)
        {
            Softmax(weights.AsSpan(b * Count, Count));
        }

        return new ValueTask<double[]>(weights);
    }

    private static void Softmax(Span<double> logits)
    {
        double most = double.NegativeInfinity;
        foreach (double logit in logits)
        {
            most = Math.Max(most, logit);
        }

        double sum = 0;
        foreach (ref double value in logits)
        {
            value = Math.Exp(value - most);
            sum += value;
        }

        foreach (ref double value in logits)
        {
            value /= sum;
        }
    }
}
