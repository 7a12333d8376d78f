using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// Finds the nearest of k centroids by the smallest |c|² - 2 x·c. Each score is summed in one fixed order, element by element and
/// without fused rounding, so that the answer does not depend on the vector width or on the shard that asks. Ties go to the lowest index.
/// </summary>
internal sealed class CentroidIndex
{
    // (D, k): -2 c transposed.
    private readonly float[] _columns;
    private readonly float[] _squares;
    private readonly float[] _scores;

    public CentroidIndex(ReadOnlySpan<float> centroids, int dimensions)
    {
        Count = centroids.Length / dimensions;
        Dimensions = dimensions;
        _columns = new float[centroids.Length];
        _squares = new float[Count];
        _scores = new float[Count];
        for (int c = 0; c < Count; c++)
        {
            double square = 0;
            for (int j = 0; j < dimensions; j++)
            {
                float value = centroids[(c * dimensions) + j];
                square += (double)value * value;
                _columns[(j * Count) + c] = -2 * value;
            }

            _squares[c] = (float)square;
        }
    }

    public int Count { get; }

    public int Dimensions { get; }

    /// <summary>Index of the nearest centroid. Not thread-safe: scores are kept in a buffer.</summary>
    public int Nearest(ReadOnlySpan<float> point)
    {
        _squares.CopyTo(_scores, 0);
        for (int j = 0; j < point.Length; j++)
        {
            TensorPrimitives.MultiplyAdd(_columns.AsSpan(j * Count, Count), point[j], _scores, _scores);
        }

        return TensorPrimitives.IndexOfMin<float>(_scores);
    }

    /// <summary>Squared distance in double, summed in order.</summary>
    public static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int j = 0; j < a.Length; j++)
        {
            double difference = (double)a[j] - b[j];
            sum += difference * difference;
        }

        return sum;
    }
}
