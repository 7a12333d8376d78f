using System.Numerics.Tensors;

using MathNet.Numerics.LinearAlgebra;

namespace OrleansDDM.Learning.Metrics;

/// <summary>Mean and covariance of a set of vectors, in double.</summary>
/// <param name="Count">Number of vectors that they were taken from.</param>
/// <param name="Mean">Mean. // (D)</param>
/// <param name="Covariance">Covariance with the divisor N - 1. // (D, D)</param>
public sealed record Gaussian(int Count, Vector<double> Mean, Matrix<double> Covariance)
{
    /// <summary>Mean and unbiased covariance of at least two vectors; two passes, so that a large mean costs no digits.</summary>
    /// <exception cref="ArgumentException">Fewer than two vectors.</exception>
    public static Gaussian Of(FeatureSet set)
    {
        FeatureSet.Check(set, set, 2);
        int width = set.Width;
        var mean = new double[width];
        var row = new double[width];
        for (int i = 0; i < set.Count; i++)
        {
            TensorPrimitives.ConvertChecked(set.Row(i), row.AsSpan());
            TensorPrimitives.Add(mean, row, mean);
        }

        TensorPrimitives.Divide(mean, set.Count, mean);

        var covariance = new double[width * width];
        for (int i = 0; i < set.Count; i++)
        {
            TensorPrimitives.ConvertChecked(set.Row(i), row.AsSpan());
            TensorPrimitives.Subtract(row, mean, row);
            for (int j = 0; j < width; j++)
            {
                // The upper triangle: row j from its diagonal on.
                Span<double> upper = covariance.AsSpan((j * width) + j, width - j);
                TensorPrimitives.MultiplyAdd(row.AsSpan(j), row[j], upper, upper);
            }
        }

        return new Gaussian(
            set.Count,
            Vector<double>.Build.DenseOfArray(mean),
            Matrix<double>.Build.Dense(width, width, (i, j) => covariance[(Math.Min(i, j) * width) + Math.Max(i, j)] / (set.Count - 1)));
    }
}
