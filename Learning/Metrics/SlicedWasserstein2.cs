using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// Sliced Wasserstein-2 distance (Bonneel et al. 2015): the mean over directions of the exact one-dimensional distance of the
/// projections. Directions come in random orthonormal frames (Rowland et al. 2019), which lowers the variance; each alone is
/// uniform on the sphere.
/// </summary>
public static class SlicedWasserstein2
{
    /// <summary>The squared distance, a mean over <paramref name="projections"/> directions. Counts may differ.</summary>
    /// <param name="a">At least one vector. // (N, D)</param>
    /// <param name="b">At least one vector. // (M, D)</param>
    /// <param name="projections">Number of directions, 1 or more. A multiple of D gives whole frames. Ignored for D = 1, which is exact.</param>
    /// <param name="seed">Seed of the directions.</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Widths differ, or a set is empty.</exception>
    public static double Squared(FeatureSet a, FeatureSet b, int projections, ulong seed, CancellationToken cancellation = default)
    {
        FeatureSet.Check(a, b, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(projections, 1);
        int count = a.Width == 1 ? 1 : projections;
        var random = new SeededRandom(seed);
        var frame = new List<double[]>();
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (frame.Count == a.Width)
            {
                frame.Clear();
            }

            frame.Add(Direction(a.Width, frame, random));
            sum += OneDimensional(Project(a, frame[^1]), Project(b, frame[^1]));
        }

        return sum / count;
    }

    /// <summary>Squared Wasserstein-2 distance on the line: the integral over u of (F^-1(u) - G^-1(u))^2. Sorts both arrays.</summary>
    internal static double OneDimensional(double[] a, double[] b)
    {
        Array.Sort(a);
        Array.Sort(b);
        double sum = 0;
        long n = a.Length;
        long m = b.Length;

        // u runs in units of 1 / (n m), so that the steps of both quantile functions are whole.
        for (long i = 0, j = 0, u = 0; i < n && j < m;)
        {
            long next = Math.Min((i + 1) * m, (j + 1) * n);
            double difference = a[i] - b[j];
            sum += (next - u) * difference * difference;
            i += next == (i + 1) * m ? 1 : 0;
            j += next == (j + 1) * n ? 1 : 0;
            u = next;
        }

        return sum / n / m;
    }

    /// <summary>A unit vector orthogonal to those of the frame: a normal vector, made orthogonal twice against rounding.</summary>
    private static double[] Direction(int width, List<double[]> frame, SeededRandom random)
    {
        var direction = new double[width];
        double norm = 0;
        while (norm < 1e-6)
        {
            for (int i = 0; i < width; i++)
            {
                direction[i] = random.Normal();
            }

            foreach (double[] other in frame.Concat(frame))
            {
                TensorPrimitives.MultiplyAdd<double>(other, -TensorPrimitives.Dot<double>(other, direction), direction, direction);
            }

            norm = TensorPrimitives.Norm<double>(direction);
        }

        TensorPrimitives.Divide(direction, norm, direction);
        return direction;
    }

    private static double[] Project(FeatureSet set, double[] direction)
    {
        var projected = new double[set.Count];
        var row = new double[set.Width];
        for (int i = 0; i < set.Count; i++)
        {
            TensorPrimitives.ConvertChecked(set.Row(i), row.AsSpan());
            projected[i] = TensorPrimitives.Dot<double>(row, direction);
        }

        return projected;
    }
}
