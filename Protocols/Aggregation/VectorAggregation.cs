namespace OrleansDDM.Protocols.Aggregation;

/// <summary>Aggregation of models that are plain arrays. Pure; inputs are not changed; sums run in double in the given order.</summary>
public static class VectorAggregation
{
    /// <summary>Mean of equally weighted models.</summary>
    /// <exception cref="ArgumentException">No models, or of unlike length.</exception>
    public static double[] Mean(IReadOnlyList<double[]> models) => WeightedMean(models, [.. models.Select(_ => 1.0)]);

    /// <summary>Σ w_i x_i / Σ w_i.</summary>
    /// <param name="models">Models of one length.</param>
    /// <param name="weights">As many, finite, not negative, not all 0.</param>
    /// <exception cref="ArgumentException">Lengths or weights are wrong.</exception>
    public static double[] WeightedMean(IReadOnlyList<double[]> models, IReadOnlyList<double> weights)
    {
        Check(models);
        double total = weights.Sum();
        if (weights.Count != models.Count || weights.Any(w => !double.IsFinite(w) || w < 0) || !(total > 0))
        {
            throw new ArgumentException("There must be one finite weight per model, none negative and not all 0.", nameof(weights));
        }

        double[] mean = new double[models[0].Length];
        for (int m = 0; m < models.Count; m++)
        {
            double weight = weights[m] / total;
            double[] model = models[m];
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += weight * model[i];
            }
        }

        return mean;
    }

    /// <summary>
    /// Merge of gossip learning by age (Hegedűs et al. 2019): (t_i x_i + t_j x_j) / (t_i + t_j); equal parts when both ages are 0.
    /// </summary>
    public static double[] AgeWeighted(double[] own, double ownAge, double[] other, double otherAge) =>
        ownAge + otherAge > 0 ? WeightedMean([own, other], [ownAge, otherAge]) : Mean([own, other]);

    /// <summary>
    /// Variance-corrected averaging. avg = β·own + (1 − β)·mean(received); each corrected segment becomes
    /// m + (avg − m)·sqrt(v* / Var(avg)), with m its mean. A segment without variance stays as averaged.
    /// </summary>
    /// <param name="own">The peer's model.</param>
    /// <param name="received">Models of others, at least one.</param>
    /// <param name="segments">The layers.</param>
    /// <param name="beta">β, 0 .. 1.</param>
    /// <param name="target">What v* is.</param>
    /// <exception cref="ArgumentException">Lengths, segments or β are wrong.</exception>
    public static double[] VarianceCorrected(
        double[] own,
        IReadOnlyList<double[]> received,
        IReadOnlyList<VectorSegment> segments,
        double beta = 0.5,
        VarianceTarget target = VarianceTarget.Received)
    {
        Check([own, .. received]);
        if (received.Count == 0 || !(beta is >= 0 and <= 1))
        {
            throw new ArgumentException("There must be a received model, and beta must be within 0 .. 1.", nameof(beta));
        }

        double[] average = WeightedMean([own, Mean(received)], [beta, 1 - beta]);
        foreach (VectorSegment segment in segments)
        {
            if (segment.Offset < 0 || segment.Length < 0 || segment.Offset + segment.Length > own.Length)
            {
                throw new ArgumentException($"{segment} lies outside of a model of {own.Length} elements.", nameof(segments));
            }

            if (segment.Corrected && segment.Length > 1)
            {
                Correct(average, own, received, segment, beta, target);
            }
        }

        return average;
    }

    /// <summary>Population variance of one segment about its own mean.</summary>
    public static double Variance(ReadOnlySpan<double> values)
    {
        double mean = MeanOf(values), sum = 0;
        foreach (double value in values)
        {
            sum += (value - mean) * (value - mean);
        }

        return sum / values.Length;
    }

    private static void Correct(
        double[] average, double[] own, IReadOnlyList<double[]> received, VectorSegment segment, double beta, VarianceTarget target)
    {
        Span<double> values = average.AsSpan(segment.Offset, segment.Length);
        double ownVariance = Variance(own.AsSpan(segment.Offset, segment.Length));
        double others = received.Average(r => Variance(r.AsSpan(segment.Offset, segment.Length)));
        double wanted = target switch
        {
            VarianceTarget.Own => ownVariance,
            VarianceTarget.Both => (beta * ownVariance) + ((1 - beta) * others),
            _ => others,
        };
        double mean = MeanOf(values), variance = Variance(values);

        // Opposite models cancel to nothing but rounding; scaling that up would be noise with the variance of a model.
        if (variance > 1e-24 * wanted)
        {
            double scale = Math.Sqrt(wanted / variance);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = mean + ((values[i] - mean) * scale);
            }
        }
    }

    private static double MeanOf(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }

    private static void Check(IReadOnlyList<double[]> models)
    {
        if (models.Count == 0 || models.Any(m => m.Length != models[0].Length))
        {
            throw new ArgumentException("Models to aggregate must be at least one and of one length.", nameof(models));
        }
    }
}
