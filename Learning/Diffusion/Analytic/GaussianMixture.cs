namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// A mixture of isotropic Gaussians, for which every posterior is known in closed form: sum_c w_c N(mu_c, sd_c^2 I). Corrupted to a level
/// (alpha, sigma), component c becomes N(alpha mu_c, (alpha^2 sd_c^2 + sigma^2) I).
/// </summary>
public sealed class GaussianMixture
{
    private readonly double[] _weights;
    private readonly double[][] _means;
    private readonly double[] _deviations;

    /// <summary>Creates a mixture.</summary>
    /// <param name="weights">Masses, (M); scaled to sum to 1.</param>
    /// <param name="means">Means, (M, d).</param>
    /// <param name="deviations">Standard deviations, (M), &gt;= 0; 0 is a point mass.</param>
    /// <exception cref="ArgumentException">Lengths that differ, or a mass or deviation out of range.</exception>
    public GaussianMixture(IReadOnlyList<double> weights, IReadOnlyList<double[]> means, IReadOnlyList<double> deviations)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(deviations);
        Mass = weights.Sum();
        bool valid = weights.Count > 0 && means.Count == weights.Count && deviations.Count == weights.Count
            && weights.All(w => w >= 0) && Mass > 0 && double.IsFinite(Mass)
            && means.All(m => m.Length == means[0].Length && m.All(double.IsFinite))
            && deviations.All(d => d >= 0 && double.IsFinite(d));
        if (!valid)
        {
            throw new ArgumentException("A mixture needs as many weights (>= 0, sum > 0) as means (all of one length) and deviations (>= 0).");
        }

        _weights = [.. weights.Select(w => w / Mass)];
        _means = [.. means];
        _deviations = [.. deviations];
    }

    /// <summary>Number of components M.</summary>
    public int Components => _weights.Length;

    /// <summary>Dimensions d.</summary>
    public int Dimensions => _means[0].Length;

    /// <summary>Sum of the weights as given; of a <see cref="Subset"/>, its share of the whole, p(k).</summary>
    public double Mass { get; }

    /// <summary>The mixture of some components, as an expert on one cluster of the data would learn it; <see cref="Mass"/> is their share.</summary>
    public GaussianMixture Subset(IReadOnlyList<int> components)
    {
        ArgumentNullException.ThrowIfNull(components);
        return new([.. components.Select(c => _weights[c])], [.. components.Select(c => _means[c])], [.. components.Select(c => _deviations[c])]);
    }

    /// <summary>ln p_t(x) at a level.</summary>
    /// <exception cref="ArgumentException">x is not of d dimensions, or a point mass meets sigma = 0.</exception>
    public double LogEvidence(ReadOnlySpan<double> x, Level level) => LogResponsibilities(x, level, stackalloc double[Components]);

    /// <summary>The exact posterior mean E[x0 | x_t = x].</summary>
    /// <param name="x">A point, (d).</param>
    /// <param name="level">Its level.</param>
    /// <param name="x0">Filled, (d).</param>
    /// <exception cref="ArgumentException">x is not of d dimensions.</exception>
    public void PosteriorMean(ReadOnlySpan<double> x, Level level, Span<double> x0)
    {
        if (level.Sigma == 0)
        {
            for (int i = 0; i < x.Length; i++)
            {
                x0[i] = x[i] / level.Alpha;
            }

            return;
        }

        Span<double> logs = stackalloc double[Components];
        double evidence = LogResponsibilities(x, level, logs);
        x0.Clear();
        for (int c = 0; c < Components; c++)
        {
            double responsibility = Math.Exp(logs[c] - evidence);
            double shrink = level.Alpha * _deviations[c] * _deviations[c] / Variance(c, level);
            for (int i = 0; i < x.Length; i++)
            {
                x0[i] += responsibility * (_means[c][i] + (shrink * (x[i] - (level.Alpha * _means[c][i]))));
            }
        }
    }

    // Fills ln w_c p_c(x) and returns the logarithm of the sum.
    private double LogResponsibilities(ReadOnlySpan<double> x, Level level, Span<double> logs)
    {
        if (x.Length != Dimensions)
        {
            throw new ArgumentException($"x must have {Dimensions} dimensions, not {x.Length}.", nameof(x));
        }

        double most = double.NegativeInfinity;
        for (int c = 0; c < Components; c++)
        {
            double variance = Variance(c, level);
            if (variance == 0)
            {
                throw new ArgumentException("A point mass has no density at sigma = 0; ask at sigma > 0.", nameof(level));
            }

            double square = 0;
            for (int i = 0; i < x.Length; i++)
            {
                double d = x[i] - (level.Alpha * _means[c][i]);
                square += d * d;
            }

            logs[c] = Math.Log(_weights[c]) - (0.5 * ((square / variance) + (x.Length * Math.Log(Math.Tau * variance))));
            most = Math.Max(most, logs[c]);
        }

        double sum = 0;
        foreach (double log in logs)
        {
            sum += Math.Exp(log - most);
        }

        return most + Math.Log(sum);
    }

    private double Variance(int c, Level level) =>
        (level.Alpha * level.Alpha * _deviations[c] * _deviations[c]) + (level.Sigma * level.Sigma);
}
