using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// The code of a small convolutional autoencoder, trained without labels: two convolutions of stride 2 and a linear layer down to D, and
/// back by a linear layer and two convolutions after nearest-neighbour upsampling. Weights, data order and thread count are fixed, so the
/// same images and seed give the same code; images are always encoded in batches of one shape, the last one padded.
/// </summary>
public sealed class AutoencoderFeatures : IFeatureExtractor
{
    /// <summary>Name of the kind.</summary>
    public const string KindName = "autoencoder";

    private const int EncodeBatch = 64;
    private const int Narrow = 16;
    private const int Wide = 32;
    private static readonly ulong WeightRole = KeyedHash.Role("autoencoder/weights");
    private static readonly ulong ImageRole = KeyedHash.Role("autoencoder/images");
    private static readonly ulong OrderRole = KeyedHash.Role("autoencoder/order");
    private readonly (int C, int H, int W) _size;
    private readonly SortedDictionary<string, float[]> _weights;

    private AutoencoderFeatures((int C, int H, int W) size, int dimensions, SortedDictionary<string, float[]> weights, float finalLoss)
    {
        (_size, Dimensions, _weights, FinalLoss) = (size, dimensions, weights, finalLoss);
        foreach ((string name, long[] shape) in EncoderShapes(size, dimensions))
        {
            if (weights[name].Length != shape.Aggregate(1L, (a, b) => a * b) || !weights[name].All(float.IsFinite))
            {
                throw new ArgumentException($"Array '{name}' does not fit or is not finite.");
            }
        }
    }

    /// <inheritdoc/>
    public string Kind => KindName;

    /// <inheritdoc/>
    public int Dimensions { get; }

    /// <summary>Mean squared reconstruction error over the last tenth of the steps, in units of [-1, 1] pixels; NaN when loaded.</summary>
    public float FinalLoss { get; }

    /// <summary>Trains on images, wherever they are held: the same images give the same code in any number of shards.</summary>
    /// <param name="shards">Images of one size, ids unique over all shards.</param>
    /// <param name="options">Options.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">No image, or sizes that differ.</exception>
    public static AutoencoderFeatures Fit(IReadOnlyList<ImageDataset> shards, AutoencoderOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Batch, 1);
        (ImageDataset Shard, int Index)[] images = Choose(shards, options);
        (int C, int H, int W) size = (shards[0].Channels, shards[0].Height, shards[0].Width);
        int threads = get_num_threads();
        set_num_threads(1);
        try
        {
            using DisposeScope scope = NewDisposeScope();
            var parameters = EncoderShapes(size, options.Dimensions).Concat(DecoderShapes(size, options.Dimensions))
                .Select((p, i) => (p.Name, Value: Initial(p.Shape, options.Seed, (ulong)i)))
                .ToDictionary(p => p.Name, p => p.Value);
            float loss = Train(images, parameters, size, options, cancellation);
            var kept = new SortedDictionary<string, float[]>();
            foreach ((string name, long[] _) in EncoderShapes(size, options.Dimensions))
            {
                kept[name] = parameters[name].detach().data<float>().ToArray();
            }

            return float.IsFinite(loss)
                ? new AutoencoderFeatures(size, options.Dimensions, kept, loss)
                : throw new DatasetException("Autoencoder training", "diverged; lower the learning rate or use pca features");
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    /// <summary>Rebuilds a stored encoder.</summary>
    /// <exception cref="ArgumentException">Arrays that do not fit.</exception>
    public static AutoencoderFeatures FromState(FeatureState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Sizes is [int c, int h, int w, int dimensions] && c > 0 && h > 0 && w > 0 && dimensions > 0
            ? new AutoencoderFeatures((c, h, w), dimensions, state.Arrays, float.NaN)
            : throw new ArgumentException("Four positive sizes are needed.");
    }

    /// <inheritdoc/>
    public FeatureState ToState() => new(Kind, [_size.C, _size.H, _size.W, Dimensions], _weights);

    /// <inheritdoc/>
    public void Extract(ImageDataset images, int start, Span<float> destination)
    {
        int count = FeatureExtractors.CheckRange(images, _size, Dimensions, start, destination.Length);
        int threads = get_num_threads();
        set_num_threads(1);
        try
        {
            using DisposeScope scope = NewDisposeScope();
            using var noGrad = no_grad();
            Dictionary<string, Tensor> weights = EncoderShapes(_size, Dimensions).ToDictionary(p => p.Name, p => tensor(_weights[p.Name]).reshape(p.Shape));
            var batch = new float[EncodeBatch * images.ImageSize];
            for (int first = 0; first < count; first += EncodeBatch)
            {
                using DisposeScope step = NewDisposeScope();
                int size = Math.Min(EncodeBatch, count - first);
                Array.Clear(batch);
                for (int n = 0; n < size; n++)
                {
                    images.CopyNormalized(start + first + n, batch.AsSpan(n * images.ImageSize, images.ImageSize));
                }

                Tensor code = Encode(tensor(batch).reshape(EncodeBatch, _size.C, _size.H, _size.W), weights);
                code.data<float>().ToArray().AsSpan(0, size * Dimensions).CopyTo(destination[(first * Dimensions)..]);
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static int Half(int side) => (side + 1) / 2;

    private static List<(string Name, long[] Shape)> EncoderShapes((int C, int H, int W) size, int dimensions) =>
    [
        ("encoder.conv1.weight", [Narrow, size.C, 3, 3]),
        ("encoder.conv1.bias", [Narrow]),
        ("encoder.conv2.weight", [Wide, Narrow, 3, 3]),
        ("encoder.conv2.bias", [Wide]),
        ("encoder.linear.weight", [dimensions, (long)Wide * Half(Half(size.H)) * Half(Half(size.W))]),
        ("encoder.linear.bias", [dimensions]),
    ];

    private static List<(string Name, long[] Shape)> DecoderShapes((int C, int H, int W) size, int dimensions) =>
    [
        ("decoder.linear.weight", [(long)Wide * Half(Half(size.H)) * Half(Half(size.W)), dimensions]),
        ("decoder.linear.bias", [(long)Wide * Half(Half(size.H)) * Half(Half(size.W))]),
        ("decoder.conv1.weight", [Narrow, Wide, 3, 3]),
        ("decoder.conv1.bias", [Narrow]),
        ("decoder.conv2.weight", [size.C, Narrow, 3, 3]),
        ("decoder.conv2.bias", [size.C]),
    ];

    /// <summary>Uniform in ±sqrt(3 / fan-in), so that the variance is 1 / fan-in; biases 0.</summary>
    private static Tensor Initial(long[] shape, ulong seed, ulong index)
    {
        long size = shape.Aggregate(1L, (a, b) => a * b);
        double bound = shape.Length == 1 ? 0 : Math.Sqrt(3.0 * shape[0] / size);
        var values = new float[size];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(bound * ((2 * KeyedHash.Uniform(seed, WeightRole, index, (ulong)i)) - 1));
        }

        return new TorchSharp.Modules.Parameter(tensor(values).reshape(shape));
    }

    /// <summary>The images with the lowest keys, in the order of their keys: independent of how they are spread.</summary>
    private static (ImageDataset Shard, int Index)[] Choose(IReadOnlyList<ImageDataset> shards, AutoencoderOptions options)
    {
        var keyed = new List<(double Key, long Id, ImageDataset Shard, int Index)>();
        foreach (ImageDataset shard in shards)
        {
            if ((shard.Channels, shard.Height, shard.Width) != (shards[0].Channels, shards[0].Height, shards[0].Width))
            {
                throw new ArgumentException("Shards hold images of different sizes.", nameof(shards));
            }

            for (int i = 0; i < shard.Count; i++)
            {
                long id = shard.Ids.Span[i];
                keyed.Add((KeyedHash.Uniform(options.Seed, ImageRole, (ulong)id), id, shard, i));
            }
        }

        return keyed.Count > 0
            ? [.. keyed.OrderBy(k => k.Key).ThenBy(k => k.Id).Take(Math.Max(1, options.Images)).Select(k => (k.Shard, k.Index))]
            : throw new ArgumentException("An autoencoder needs at least one image.", nameof(shards));
    }

    private static float Train(
        (ImageDataset Shard, int Index)[] images,
        Dictionary<string, Tensor> parameters,
        (int C, int H, int W) size,
        AutoencoderOptions options,
        CancellationToken cancellation)
    {
        using ModelVector vector = ModelVector.Adopt(parameters.Select(p => (p.Key, (TorchSharp.Modules.Parameter)p.Value)));
        using var optimizer = new AdamW(vector, new TrainingSpec());
        int imageSize = size.C * size.H * size.W;
        var batch = new float[options.Batch * imageSize];
        double tail = 0;
        int tailSteps = Math.Max(1, options.Steps / 10);
        for (int step = 0; step < options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            for (int n = 0; n < options.Batch; n++)
            {
                int pick = (int)(KeyedHash.Uniform(options.Seed, OrderRole, (ulong)step, (ulong)n) * images.Length);
                images[pick].Shard.CopyNormalized(images[pick].Index, batch.AsSpan(n * imageSize, imageSize));
            }

            Tensor x = tensor(batch).reshape(options.Batch, size.C, size.H, size.W);
            Tensor loss = nn.functional.mse_loss(Decode(Encode(x, parameters), parameters, size), x);
            vector.Gradients.zero_();
            loss.backward();
            optimizer.Update(vector.Values, vector.Gradients, step + 1, options.LearningRate);
            if (step >= options.Steps - tailSteps)
            {
                tail += loss.item<float>();
            }
        }

        return (float)(tail / tailSteps);
    }

    private static Tensor Encode(Tensor x, Dictionary<string, Tensor> p)
    {
        Tensor h = nn.functional.silu(Convolve(x, p, "encoder.conv1", 2));
        h = nn.functional.silu(Convolve(h, p, "encoder.conv2", 2));
        return nn.functional.linear(h.flatten(1), p["encoder.linear.weight"], p["encoder.linear.bias"]);
    }

    private static Tensor Decode(Tensor code, Dictionary<string, Tensor> p, (int C, int H, int W) size)
    {
        Tensor h = nn.functional.silu(nn.functional.linear(code, p["decoder.linear.weight"], p["decoder.linear.bias"]));
        h = h.reshape(-1, Wide, Half(Half(size.H)), Half(Half(size.W)));
        h = nn.functional.interpolate(h, [Half(size.H), Half(size.W)], mode: InterpolationMode.Nearest);
        h = nn.functional.silu(Convolve(h, p, "decoder.conv1", 1));
        h = nn.functional.interpolate(h, [size.H, size.W], mode: InterpolationMode.Nearest);
        return Convolve(h, p, "decoder.conv2", 1);
    }

    private static Tensor Convolve(Tensor x, Dictionary<string, Tensor> p, string name, long stride) =>
        nn.functional.conv2d(x, p[name + ".weight"], p[name + ".bias"], [stride, stride], [1L, 1L]);
}
