using System.Numerics.Tensors;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

namespace OrleansDDM.Learning.Classification;

/// <summary>Mixes models of a <see cref="ModelBank"/>.</summary>
public static unsafe class ModelMixing
{
    private const int Block = 2048;

    /// <summary>Row <paramref name="target"/> = Σ w_i x_i / Σ w_i, in one pass over the models.</summary>
    /// <param name="bank">Holds the models.</param>
    /// <param name="target">A row that is none of the models.</param>
    /// <param name="models">The models.</param>
    /// <param name="weights">As many, not negative, not all 0.</param>
    /// <returns>Whether the result is finite.</returns>
    public static bool Mean(ModelBank bank, int target, IReadOnlyList<int> models, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(weights);
        double total = weights.Sum();
        if (models.Count == 0 || weights.Count != models.Count || !(total > 0) || weights.Any(w => w < 0))
        {
            throw new ArgumentException("There must be a weight for each model, none negative and not all 0.", nameof(weights));
        }

        return Combine(bank, target, models, [.. weights.Select(w => w / total)]);
    }

    /// <summary>
    /// One gossip step for all peers as one matrix product: X ← W X. Rows of <paramref name="models"/> that lie in one slab at equal distance
    /// go through the kernel at once; others one by one.
    /// </summary>
    /// <param name="bank">Holds the models.</param>
    /// <param name="models">Row of each peer.</param>
    /// <param name="targets">Rows for the results, none of them among the models.</param>
    /// <param name="mixing">W, (P, P) row by row; each row sums to 1.</param>
    public static void Mix(ModelBank bank, IReadOnlyList<int> models, IReadOnlyList<int> targets, ReadOnlySpan<float> mixing)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(targets);
        int peers = models.Count;
        if (targets.Count != peers || mixing.Length != peers * peers)
        {
            throw new ArgumentException($"{peers} models need as many targets and a mixing matrix of {peers} x {peers}.", nameof(mixing));
        }

        if (MatrixProduct.IsSupported && Distance(bank, models) is { } from && Distance(bank, targets) is { } to)
        {
            fixed (float* w = mixing)
            {
                MatrixProduct.Multiply(peers, bank.Length, peers, w, peers, 1, bank.At(models[0]), from, null, 0, bank.At(targets[0]), to);
            }

            return;
        }

        for (int i = 0; i < peers; i++)
        {
            double[] row = [.. mixing.Slice(i * peers, peers).ToArray().Select(x => (double)x)];
            int[] used = [.. Enumerable.Range(0, peers).Where(j => row[j] != 0)];
            Mean(bank, targets[i], [.. used.Select(j => models[j])], [.. used.Select(j => row[j])]);
        }
    }

    /// <summary>Row <paramref name="target"/> = Σ w_i x_i with weights of any sign and sum.</summary>
    /// <param name="bank">Holds the models.</param>
    /// <param name="target">A row that is none of the models.</param>
    /// <param name="models">The models.</param>
    /// <param name="weights">As many, finite.</param>
    /// <returns>Whether the result is finite.</returns>
    public static bool Combine(ModelBank bank, int target, IReadOnlyList<int> models, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(weights);
        if (models.Count == 0 || weights.Count != models.Count || weights.Any(w => !double.IsFinite(w)))
        {
            throw new ArgumentException("There must be a finite weight for each model.", nameof(weights));
        }

        bool finite = true;
        for (int from = 0; from < bank.Length; from += Block)
        {
            int count = Math.Min(Block, bank.Length - from);
            Span<float> part = bank.Row(target).Slice(from, count);
            TensorPrimitives.Multiply(bank.Row(models[0]).Slice(from, count), (float)weights[0], part);
            for (int i = 1; i < models.Count; i++)
            {
                TensorPrimitives.MultiplyAdd(bank.Row(models[i]).Slice(from, count), (float)weights[i], part, part);
            }

            finite &= float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(part));
        }

        return finite;
    }

    /// <summary>
    /// Variance-corrected averaging (Tian et al., arXiv 2404.04616): the weighted mean; then every weight segment becomes
    /// m + (avg − m) √(v* / Var(avg)), with m its mean and v* a mean of the models' variances. Biases and norms stay averaged.
    /// </summary>
    /// <param name="bank">Holds the models.</param>
    /// <param name="target">A row that is none of the models.</param>
    /// <param name="models">The models; by custom the own one first.</param>
    /// <param name="weights">Weights of the mean: in the paper β for the own model, (1 − β) / n for each of n received ones.</param>
    /// <param name="shares">Weights of their variances in v*: in the paper 0 for the own model and 1 for each received one.</param>
    /// <param name="segments">The layers.</param>
    /// <returns>Whether the result is finite.</returns>
    public static bool VarianceCorrected(
        ModelBank bank, int target, IReadOnlyList<int> models, IReadOnlyList<double> weights, IReadOnlyList<double> shares, IReadOnlyList<Segment> segments)
    {
        ArgumentNullException.ThrowIfNull(shares);
        ArgumentNullException.ThrowIfNull(segments);
        bool finite = Mean(bank, target, models, weights);
        double total = shares.Sum();
        foreach (Segment segment in segments.Where(s => s.Role == SegmentRole.Weight && s.Length > 1))
        {
            Span<float> values = bank.Row(target).Slice((int)segment.Offset, (int)segment.Length);
            double wanted = 0;
            for (int i = 0; i < models.Count; i++)
            {
                wanted += shares[i] == 0 ? 0 : shares[i] / total * Variance(bank.Row(models[i]).Slice((int)segment.Offset, (int)segment.Length));
            }

            double variance = Variance(values);
            if (variance > 1e-12 * wanted)
            {
                float mean = TensorPrimitives.Sum<float>(values) / values.Length;
                TensorPrimitives.Add(values, -mean, values);
                TensorPrimitives.Multiply(values, (float)Math.Sqrt(wanted / variance), values);
                TensorPrimitives.Add(values, mean, values);
            }
        }

        return finite;
    }

    /// <summary>Population variance of values about their own mean.</summary>
    public static double Variance(ReadOnlySpan<float> values)
    {
        double sum = 0, squares = 0;
        for (int from = 0; from < values.Length; from += Block)
        {
            ReadOnlySpan<float> part = values.Slice(from, Math.Min(Block, values.Length - from));
            sum += TensorPrimitives.Sum(part);
            squares += TensorPrimitives.SumOfSquares(part);
        }

        double mean = sum / values.Length;
        return Math.Max(0, (squares / values.Length) - (mean * mean));
    }

    /// <summary>Mean squared distance of the models to their mean: (1/P) Σ ‖x_i − x̄‖².</summary>
    public static double ConsensusDistance(ModelBank bank, IReadOnlyList<int> models)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(models);
        int mean = bank.Rent();
        Mean(bank, mean, models, [.. models.Select(_ => 1.0)]);
        double sum = 0;
        foreach (int model in models)
        {
            for (int from = 0; from < bank.Length; from += Block)
            {
                int count = Math.Min(Block, bank.Length - from);
                double distance = TensorPrimitives.Distance<float>(bank.Row(model).Slice(from, count), bank.Row(mean).Slice(from, count));
                sum += distance * distance;
            }
        }

        bank.Return(mean);
        return sum / models.Count;
    }

    private static int? Distance(ModelBank bank, IReadOnlyList<int> rows)
    {
        long first = rows.Count > 1 ? bank.At(rows[1]) - bank.At(rows[0]) : bank.Stride;
        for (int i = 2; i < rows.Count; i++)
        {
            if (bank.At(rows[i]) - bank.At(rows[i - 1]) != first)
            {
                return null;
            }
        }

        return first is >= int.MinValue and <= int.MaxValue && Math.Abs(first) >= bank.Length ? (int)first : null;
    }
}
