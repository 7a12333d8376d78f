using System.Numerics;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Aggregation;

/// <summary>Aggregation of models that are plain arrays. Pure; inputs are not changed; sums run in double in the given order.</summary>
public static class VectorAggregation
{
    /// <summary>Carries out a rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="models">The models, in order.</param>
    /// <param name="get">The elements behind a handle.</param>
    /// <param name="segments">Layers, for rules that look at them.</param>
    /// <exception cref="ArgumentException">Lengths, weights or the rule's numbers are wrong.</exception>
    public static double[] Apply(
        AggregationRule rule, IReadOnlyList<Contribution> models, Func<ModelHandle, double[]> get, IReadOnlyList<VectorSegment> segments)
    {
        double[][] vectors = [.. models.Select(m => get(m.Model))];
        double[] weights = [.. models.Select(m => m.Weight)];
        switch (rule)
        {
            case AggregationRule.LinearCombination:
                return LinearCombination(vectors, weights);
            case AggregationRule.VarianceCorrected corrected:
                int own = corrected.Self is { } self ? models.ToList().FindIndex(m => m.From == self) : -1;
                double[][] received = [.. vectors.Where((_, i) => i != own)];
                return own < 0 ? VarianceCorrected(vectors, weights, segments)
                    : received.Length == 0 ? (double[])vectors[own].Clone()
                    : VarianceCorrected(vectors[own], received, segments, corrected.Beta, corrected.Target);
            default:
                return WeightedMean(vectors, weights);
        }
    }

    /// <summary>Σ w_i x_i.</summary>
    /// <param name="vectors">Vectors of one length.</param>
    /// <param name="weights">As many, finite.</param>
    /// <exception cref="ArgumentException">Lengths or weights are wrong.</exception>
    public static double[] LinearCombination(IReadOnlyList<double[]> vectors, IReadOnlyList<double> weights)
    {
        Check(vectors);
        if (weights.Count != vectors.Count || weights.Any(w => !double.IsFinite(w)))
        {
            throw new ArgumentException("There must be one finite weight per vector.", nameof(weights));
        }

        double[] sum = new double[vectors[0].Length];
        for (int v = 0; v < vectors.Count; v++)
        {
            (double weight, double[] vector) = (weights[v], vectors[v]);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += weight * vector[i];
            }
        }

        return sum;
    }

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

    /// <summary>Σ w_i x_i / Σ w_i of float32 models, one after another: what the mean of their doubles gives, rounded, with the room of one.</summary>
    /// <param name="weights">Weight of each model, finite, not negative, not all 0.</param>
    /// <param name="get">The model of each weight; they have one length.</param>
    /// <exception cref="ArgumentException">Lengths or weights are wrong.</exception>
    public static float[] WeightedMean(IReadOnlyList<double> weights, Func<int, float[]> get)
    {
        double total = weights.Sum();
        if (weights.Any(w => !double.IsFinite(w) || w < 0) || !(total > 0))
        {
            throw new ArgumentException("There must be one finite weight per model, none negative and not all 0.", nameof(weights));
        }

        double[] mean = [];
        for (int m = 0; m < weights.Count; m++)
        {
            float[] model = get(m);
            mean = m == 0 ? new double[model.Length] : mean;
            if (model.Length != mean.Length)
            {
                throw new ArgumentException($"Model {m} has {model.Length} elements, the first {mean.Length}.", nameof(get));
            }

            double weight = weights[m] / total;
            int i = 0;
            for (; i <= model.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector.Widen(new Vector<float>(model, i), out Vector<double> low, out Vector<double> high);
                (new Vector<double>(mean, i) + (weight * low)).CopyTo(mean, i);
                (new Vector<double>(mean, i + Vector<double>.Count) + (weight * high)).CopyTo(mean, i + Vector<double>.Count);
            }

            for (; i < model.Length; i++)
            {
                mean[i] += weight * model[i];
            }
        }

        return Array.ConvertAll(mean, v => (float)v);
    }

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
            CheckInside(segment, own.Length);
            if (segment.Corrected && segment.Length > 1)
            {
                Correct(average, own, received, segment, beta, target);
            }
        }

        return average;
    }

    /// <summary>Variance-corrected averaging where no model is the own one: the weighted mean, each corrected segment scaled to the models' mean variance.</summary>
    /// <exception cref="ArgumentException">Lengths, weights or segments are wrong.</exception>
    public static double[] VarianceCorrected(IReadOnlyList<double[]> models, IReadOnlyList<double> weights, IReadOnlyList<VectorSegment> segments)
    {
        double[] average = WeightedMean(models, weights);
        foreach (VectorSegment segment in segments.Where(s => s.Corrected && s.Length > 1))
        {
            CheckInside(segment, average.Length);
            ScaleTo(average.AsSpan(segment.Offset, segment.Length), models.Average(m => Variance(m.AsSpan(segment.Offset, segment.Length))));
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
        ScaleTo(values, wanted);
    }

    private static void CheckInside(VectorSegment segment, int length)
    {
        if (segment.Offset < 0 || segment.Length < 0 || segment.Offset + segment.Length > length)
        {
            throw new ArgumentException($"{segment} lies outside of a model of {length} elements.", nameof(segment));
        }
    }

    private static void ScaleTo(Span<double> values, double wanted)
    {
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
