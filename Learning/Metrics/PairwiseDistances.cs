using System.Numerics;
using System.Runtime.InteropServices;

namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// Euclidean distances between two sets, block by block, so that memory stays small and a block stays in the cache.
/// Distances are sums of squared differences (not |a|^2 + |b|^2 - 2ab), so equal vectors are at exactly 0 and d(a, b) = d(b, a).
/// </summary>
internal static class PairwiseDistances
{
    private const int BlockBytes = 128 * 1024;

    /// <summary>Gets the squared distances of one query to the references <c>first, first + 1, ...</c>.</summary>
    internal delegate void Block(int query, int first, ReadOnlySpan<float> squared);

    /// <summary>Hands out all squared distances; for each query the blocks come in ascending order.</summary>
    internal static void Squared(FeatureSet queries, FeatureSet references, Block block, CancellationToken cancellation)
    {
        int rows = Math.Clamp(BlockBytes / (sizeof(float) * references.Width), 1, 1024);
        var squared = new float[rows];
        for (int first = 0; first < references.Count; first += rows)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(rows, references.Count - first);
            for (int i = 0; i < queries.Count; i++)
            {
                ReadOnlySpan<float> query = queries.Row(i);
                for (int j = 0; j < count; j++)
                {
                    squared[j] = Squared(query, references.Row(first + j));
                }

                block(i, first, squared.AsSpan(0, count));
            }
        }
    }

    /// <summary>Squared distance of two vectors of one width.</summary>
    internal static float Squared(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        ReadOnlySpan<Vector<float>> x = MemoryMarshal.Cast<float, Vector<float>>(a);
        ReadOnlySpan<Vector<float>> y = MemoryMarshal.Cast<float, Vector<float>>(b);
        Vector<float> even = Vector<float>.Zero;
        Vector<float> odd = Vector<float>.Zero;
        int i = 0;
        for (; i + 1 < x.Length && i + 1 < y.Length; i += 2)
        {
            Vector<float> first = x[i] - y[i];
            Vector<float> second = x[i + 1] - y[i + 1];
            even += first * first;
            odd += second * second;
        }

        if (i < x.Length)
        {
            Vector<float> last = x[i] - y[i];
            even += last * last;
        }

        float sum = Vector.Sum(even + odd);
        for (int j = x.Length * Vector<float>.Count; j < a.Length; j++)
        {
            sum += (a[j] - b[j]) * (a[j] - b[j]);
        }

        return sum;
    }
}
