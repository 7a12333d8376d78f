using System.Numerics.Tensors;

using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// Count, sum of x and sum of x xᵀ over (pooled) pixels. All are integers, so sums over shards equal the sum over the pool exactly, in any
/// order.
/// </summary>
public sealed class PcaStatistics
{
    // Products of bytes are below 2^16, so 256 of them stay below 2^24 and any order of float additions is exact.
    private const int ExactBlock = 256;

    private PcaStatistics(int channels, int height, int width, long count, long[] sum, long[] products)
    {
        (Channels, Height, Width, Count, Sum, Products) = (channels, height, width, count, sum, products);
    }

    /// <summary>Channels of the images.</summary>
    public int Channels { get; }

    /// <summary>Height of the images in pixels.</summary>
    public int Height { get; }

    /// <summary>Width of the images in pixels.</summary>
    public int Width { get; }

    /// <summary>Number of images.</summary>
    public long Count { get; }

    /// <summary>(d) sums of the pooled pixels, 0 to 255 each.</summary>
    public long[] Sum { get; }

    /// <summary>Sums of x_i x_j for i &gt;= j, packed row by row: entry i (i + 1) / 2 + j.</summary>
    public long[] Products { get; }

    /// <summary>Statistics of a shard.</summary>
    public static PcaStatistics Of(ImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(images);
        var pooling = new PixelPooling(images.Channels, images.Height, images.Width);
        int d = pooling.Dimensions;
        var sum = new long[d];
        var products = new long[d * (d + 1) / 2];
        var row = new float[d];
        float[] columns = new float[d * ExactBlock];
        for (int start = 0; start < images.Count; start += ExactBlock)
        {
            int block = Math.Min(ExactBlock, images.Count - start);
            for (int n = 0; n < block; n++)
            {
                pooling.Copy(images, start + n, row);
                for (int i = 0; i < d; i++)
                {
                    columns[(i * ExactBlock) + n] = row[i];
                }
            }

            for (int i = 0, entry = 0; i < d; i++)
            {
                ReadOnlySpan<float> left = columns.AsSpan(i * ExactBlock, block);
                sum[i] += (long)TensorPrimitives.Sum(left);
                for (int j = 0; j <= i; j++, entry++)
                {
                    products[entry] += (long)TensorPrimitives.Dot(left, columns.AsSpan(j * ExactBlock, block));
                }
            }
        }

        return new PcaStatistics(images.Channels, images.Height, images.Width, images.Count, sum, products);
    }

    /// <summary>Statistics of both shards together; exact, associative and commutative.</summary>
    /// <exception cref="ArgumentException">Images of another size.</exception>
    public PcaStatistics Add(PcaStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if ((Channels, Height, Width) != (other.Channels, other.Height, other.Width))
        {
            throw new ArgumentException("Statistics of images of different sizes cannot be added.", nameof(other));
        }

        var sum = new long[Sum.Length];
        var products = new long[Products.Length];
        TensorPrimitives.Add<long>(Sum, other.Sum, sum);
        TensorPrimitives.Add<long>(Products, other.Products, products);
        return new PcaStatistics(Channels, Height, Width, checked(Count + other.Count), sum, products);
    }

    /// <summary>Rebuilds statistics that came over the wire.</summary>
    /// <exception cref="ArgumentException">Arrays that do not fit the image size, or a negative count.</exception>
    public static PcaStatistics From(int channels, int height, int width, long count, long[] sum, long[] products)
    {
        ArgumentNullException.ThrowIfNull(sum);
        ArgumentNullException.ThrowIfNull(products);
        int d = new PixelPooling(channels, height, width).Dimensions;
        return count >= 0 && sum.Length == d && products.Length == d * (d + 1) / 2
            ? new PcaStatistics(channels, height, width, count, sum, products)
            : throw new ArgumentException($"Statistics of {d} dimensions need {d} sums and {d * (d + 1) / 2} products, not {sum.Length} and {products.Length}.");
    }

    /// <summary>Population covariance of dimensions i and j in units of (127.5)², from exact integers.</summary>
    internal double Covariance(int i, int j)
    {
        (int high, int low) = i >= j ? (i, j) : (j, i);
        Int128 numerator = ((Int128)Count * Products[(high * (high + 1) / 2) + low]) - ((Int128)Sum[i] * Sum[j]);
        return (double)numerator / ((double)Count * Count) / (127.5 * 127.5);
    }
}
