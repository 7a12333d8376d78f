using System.Numerics.Tensors;

using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// Principal components of (pooled) pixels scaled to [-1, 1], largest variance first. Each component's sign is fixed so that its entry
/// of largest magnitude (the first of them) is positive.
/// </summary>
public sealed class PcaFeatures : IFeatureExtractor
{
    /// <summary>Name of the kind.</summary>
    public const string KindName = "pca";

    private readonly (int C, int H, int W) _size;
    private readonly PixelPooling _pooling;
    private readonly float[] _mean;

    // (d, D): the components transposed, so that a projection is a sum of rows with one fixed order whatever the vector width.
    private readonly float[] _weights;

    private PcaFeatures((int C, int H, int W) size, int dimensions, float[] mean, float[] weights, float[] variances)
    {
        _size = size;
        _pooling = new PixelPooling(size.C, size.H, size.W);
        int d = _pooling.Dimensions;
        if (dimensions < 1 || mean.Length != d || weights.Length != d * dimensions || variances.Length != dimensions)
        {
            throw new ArgumentException($"Arrays do not fit {dimensions} components of {d} values.");
        }

        if (!TensorPrimitives.IsFiniteAll<float>(mean) || !TensorPrimitives.IsFiniteAll<float>(weights))
        {
            throw new ArgumentException("Components are not finite.");
        }

        Dimensions = dimensions;
        _mean = mean;
        _weights = weights;
        Variances = variances;
    }

    /// <inheritdoc/>
    public string Kind => KindName;

    /// <inheritdoc/>
    public int Dimensions { get; }

    /// <summary>(D) variance along each component, largest first.</summary>
    public IReadOnlyList<float> Variances { get; }

    /// <summary>Fits to one pool.</summary>
    public static PcaFeatures Fit(ImageDataset images, int dimensions) => Fit(PcaStatistics.Of(images), dimensions);

    /// <summary>Fits to summed statistics.</summary>
    /// <param name="statistics">Sum over all shards.</param>
    /// <param name="dimensions">Number of components; fewer are kept when the (pooled) image has fewer values.</param>
    /// <exception cref="ArgumentException">No image, or no dimension.</exception>
    public static PcaFeatures Fit(PcaStatistics statistics, int dimensions)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        if (statistics.Count == 0)
        {
            throw new ArgumentException("Principal components need at least one image.", nameof(statistics));
        }

        int d = statistics.Sum.Length;
        int kept = Math.Min(dimensions, d);
        Evd<double> decomposition = Matrix<double>.Build.Dense(d, d, statistics.Covariance).Evd(Symmetricity.Symmetric);
        int[] order = [.. Enumerable.Range(0, d).OrderByDescending(i => decomposition.EigenValues[i].Real).Take(kept)];
        var weights = new float[d * kept];
        for (int c = 0; c < kept; c++)
        {
            double[] vector = decomposition.EigenVectors.Column(order[c]).ToArray();
            double sign = Math.Sign(vector[TensorPrimitives.IndexOfMaxMagnitude<double>(vector)]);
            for (int i = 0; i < d; i++)
            {
                weights[(i * kept) + c] = (float)(sign * vector[i]);
            }
        }

        return new PcaFeatures(
            (statistics.Channels, statistics.Height, statistics.Width),
            kept,
            Array.ConvertAll(statistics.Sum, s => (float)(s / (double)statistics.Count)),
            weights,
            Array.ConvertAll(order, i => (float)Math.Max(0, decomposition.EigenValues[i].Real)));
    }

    /// <summary>Rebuilds stored components.</summary>
    /// <exception cref="ArgumentException">Arrays that do not fit.</exception>
    public static PcaFeatures FromState(FeatureState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Sizes is [int c, int h, int w, int dimensions] && c > 0 && h > 0 && w > 0
            ? new PcaFeatures((c, h, w), dimensions, state.Arrays["mean"], state.Arrays["weights"], state.Arrays["variances"])
            : throw new ArgumentException("Four positive sizes are needed.");
    }

    /// <inheritdoc/>
    public FeatureState ToState() => new(
        Kind,
        [_size.C, _size.H, _size.W, Dimensions],
        new SortedDictionary<string, float[]> { ["mean"] = _mean, ["weights"] = _weights, ["variances"] = [.. Variances] });

    /// <inheritdoc/>
    public void Extract(ImageDataset images, int start, Span<float> destination)
    {
        int count = FeatureExtractors.CheckRange(images, _size, Dimensions, start, destination.Length);
        var pixels = new float[_mean.Length];
        for (int n = 0; n < count; n++)
        {
            _pooling.Copy(images, start + n, pixels);
            Span<float> features = destination.Slice(n * Dimensions, Dimensions);
            features.Clear();
            for (int i = 0; i < pixels.Length; i++)
            {
                TensorPrimitives.MultiplyAdd(_weights.AsSpan(i * Dimensions, Dimensions), (pixels[i] - _mean[i]) / 127.5f, features, features);
            }
        }
    }
}
