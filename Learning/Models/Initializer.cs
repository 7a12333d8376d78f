using OrleansDDM.Learning.Sampling;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// Initial weights as a function of (seed, stream, segment), not of TorchSharp's process-wide generator: Xavier-uniform for weights, 0.02
/// N(0, 1) for tables, 0 for biases. Segments that the network set to zero (adaLN-zero, heads) and norms stay as they are.
/// </summary>
public static class Initializer
{
    /// <summary>Fills the vector; the dtype may be float32 or bfloat16.</summary>
    public static void Fill(ModelVector vector, ulong seed, string stream)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using IDisposable noGrad = no_grad();
        for (int i = 0; i < vector.Segments.Count; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Segment segment = vector.Segments[i];
            Tensor part = vector.Values.narrow(0, segment.Offset, segment.Length);
            bool zeroByDesign = part.count_nonzero().item<long>() == 0;
            if (segment.Role == SegmentRole.Norm || zeroByDesign)
            {
                continue;
            }

            var values = new float[segment.Length];
            if (segment.Role == SegmentRole.Weight)
            {
                FillWeight(values, segment, seed, stream, (ulong)i);
            }

            part.copy_(tensor(values).to(part.dtype, part.device));
        }
    }

    private static void FillWeight(float[] values, Segment segment, ulong seed, string stream, ulong index)
    {
        if (segment.Name.EndsWith("classes.weight", StringComparison.Ordinal))
        {
            CounterRandom.Normal(values, seed, stream, index, 0);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= 0.02f;
            }

            return;
        }

        long kernel = segment.Shape.Skip(2).Aggregate(1L, (product, size) => product * size);
        double fans = (segment.Shape[0] + (segment.Shape.Length > 1 ? segment.Shape[1] : 0)) * (double)kernel;
        float bound = (float)Math.Sqrt(6 / fans);
        CounterRandom.Uniform(values, seed, stream, index, 0);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (2 * values[i] - 1) * bound;
        }
    }
}
