using System.Globalization;
using System.Security.Cryptography;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// An own, named feature space: the 64 values of the penultimate layer of a small classifier that was trained on the run's
/// training set. Numbers in it compare only with numbers under the same <see cref="Name"/>. Nothing random is taken from torch, so
/// the same data, options and number of threads give the same network, bit for bit. Not thread-safe.
/// </summary>
public sealed class FeatureNetwork : IDisposable
{
    private const int InferenceBatch = 256;
    private const string Kind = "lenet64";

    private readonly LeNet64 _network;
    private readonly FeatureTraining _shape;

    private FeatureNetwork(LeNet64 network, FeatureTraining shape)
    {
        _network = network;
        _shape = shape;
        Name = $"{Kind}/{Convert.ToHexStringLower(SHA256.HashData(Save()))[..8]}";
    }

    /// <summary>Name of the feature space: the architecture and the first 8 hex digits of the SHA-256 of <see cref="Save"/>.</summary>
    public string Name { get; }

    /// <summary>Number of features, 64.</summary>
    public int Width => LeNet64.FeatureWidth;

    /// <summary>Number of classes.</summary>
    public int Classes => _shape.Classes;

    /// <summary>Trains on images in memory.</summary>
    /// <param name="images">Images in [-1, 1]. // (N, C, H, W)</param>
    /// <param name="labels">Class of each image. // (N)</param>
    /// <param name="training">Shape, classes, seed and budget.</param>
    /// <param name="cancellation">Stops the training with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or a value is out of range.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public static FeatureNetwork Train(float[] images, int[] labels, FeatureTraining training, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(training);
        if (images.Length != (long)labels.Length * training.Size)
        {
            throw new ArgumentException($"{images.Length} values are not {labels.Length} images of {training.Size}.", nameof(images));
        }

        return Train(
            (rows, batch) =>
            {
                for (int i = 0; i < rows.Length; i++)
                {
                    images.AsSpan(rows[i] * training.Size, training.Size).CopyTo(batch[(i * training.Size)..]);
                }
            },
            labels,
            training,
            cancellation);
    }

    /// <summary>Trains on images that a delegate fills in, so that a large set need not be in memory as floats.</summary>
    /// <inheritdoc cref="Train(float[], int[], FeatureTraining, CancellationToken)"/>
    public static FeatureNetwork Train(FillBatch fill, int[] labels, FeatureTraining training, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(fill);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(training);
        training.Validate();
        int bad = labels.Length == 0 ? 0 : Array.FindIndex(labels, label => label < 0 || label >= training.Classes);
        if (bad >= 0)
        {
            throw new ArgumentException($"Image {bad} of {labels.Length} has no label from 0 to {training.Classes - 1}.", nameof(labels));
        }

        var network = new LeNet64(training.Channels, training.Classes, training.Seed);
        try
        {
            Optimise(network, fill, labels, training, cancellation);
            return new FeatureNetwork(network, training);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Reads a network that <see cref="Save"/> wrote.</summary>
    /// <exception cref="SafetensorsException">Not safetensors, or a tensor is missing.</exception>
    /// <exception cref="ArgumentException">Another kind of network, or a tensor of another shape.</exception>
    public static FeatureNetwork Load(ReadOnlyMemory<byte> bytes)
    {
        SafetensorsFile file = SafetensorsReader.Read(bytes);
        int Number(string key) => int.TryParse(file.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new ArgumentException($"The file's metadata has no number '{key}'; it is no feature network.", nameof(bytes));
        if (file.Metadata.GetValueOrDefault("kind") != Kind)
        {
            throw new ArgumentException($"The file's metadata does not say kind '{Kind}'; it is no feature network.", nameof(bytes));
        }

        var shape = new FeatureTraining { Channels = Number("channels"), Height = Number("height"), Width = Number("width"), Classes = Number("classes") };
        shape.Validate();
        var network = new LeNet64(shape.Channels, shape.Classes, seed: 0);
        try
        {
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            foreach ((string name, var parameter) in network.named_parameters())
            {
                SafetensorsEntry entry = file[name];
                if (!entry.Shape.SequenceEqual(parameter.shape))
                {
                    throw new ArgumentException(
                        $"Tensor '{name}' has the shape ({string.Join(", ", entry.Shape)}) where ({string.Join(", ", parameter.shape)}) is needed.", nameof(bytes));
                }

                parameter.copy_(tensor(entry.ToFloats(), parameter.shape));
            }

            return new FeatureNetwork(network, shape);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The weights, as the bytes of a safetensors file.</summary>
    public byte[] Save() => SafetensorsWriter.Write(
        _network.named_parameters().Select(pair => SafetensorsEntry.Of(pair.name, pair.parameter.shape, pair.parameter.data<float>().ToArray().AsSpan())),
        new Dictionary<string, string>
        {
            ["kind"] = Kind,
            ["channels"] = _shape.Channels.ToString(CultureInfo.InvariantCulture),
            ["height"] = _shape.Height.ToString(CultureInfo.InvariantCulture),
            ["width"] = _shape.Width.ToString(CultureInfo.InvariantCulture),
            ["classes"] = _shape.Classes.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Features of images, in batches of bounded memory. // (N, C, H, W) -> (N, 64)</summary>
    /// <exception cref="ArgumentException">Not whole images of the network's shape.</exception>
    public FeatureSet Features(float[] images, CancellationToken cancellation = default) =>
        new(Infer(images, Width, _network.Features, cancellation), Width);

    /// <summary>Class probabilities of images. // (N, C, H, W) -> (N, classes)</summary>
    /// <exception cref="ArgumentException">Not whole images of the network's shape.</exception>
    public float[] Probabilities(float[] images, CancellationToken cancellation = default) =>
        Infer(images, Classes, x => nn.functional.softmax(_network.forward(x), 1), cancellation);

    /// <summary>Share of images whose most probable class is their label.</summary>
    /// <exception cref="ArgumentException">Not whole images, or not one label per image.</exception>
    public double Accuracy(float[] images, int[] labels, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        float[] probabilities = Probabilities(images, cancellation);
        if (labels.Length == 0 || probabilities.Length != labels.Length * Classes)
        {
            throw new ArgumentException($"{labels.Length} labels do not fit {probabilities.Length / Classes} images.", nameof(labels));
        }

        return Enumerable.Range(0, labels.Length).Count(i => ArgMax(probabilities.AsSpan(i * Classes, Classes)) == labels[i]) / (double)labels.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    internal static int ArgMax(ReadOnlySpan<float> values) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax(values);

    private static void Optimise(LeNet64 network, FillBatch fill, int[] labels, FeatureTraining training, CancellationToken cancellation)
    {
        var random = new SeededRandom(training.Seed ^ 0x6665617475726573);
        int batch = Math.Min(training.Batch, labels.Length);
        int[] order = [.. Enumerable.Range(0, labels.Length)];
        int next = order.Length;
        var images = new float[batch * training.Size];
        using ModelVector vector = ModelVector.Adopt(network);
        using var optimizer = new AdamW(vector, new TrainingSpec { WeightDecay = 0.01 });
        for (int step = 0; step < training.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (next + batch > order.Length)
            {
                random.Shuffle(order);
                next = 0;
            }

            ReadOnlySpan<int> rows = order.AsSpan(next, batch);
            next += batch;
            fill(rows, images);
            var targets = new long[batch];
            for (int i = 0; i < batch; i++)
            {
                targets[i] = labels[rows[i]];
            }

            using var scope = NewDisposeScope();
            Tensor input = tensor(images, [batch, training.Channels, training.Height, training.Width]);
            Tensor loss = nn.functional.cross_entropy(network.forward(input), tensor(targets));
            vector.Gradients.zero_();
            loss.backward();
            optimizer.Update(vector.Values, vector.Gradients, step + 1, training.LearningRate * (1 - ((double)step / training.Steps)));
            if (!float.IsFinite(loss.item<float>()))
            {
                throw new TrainingDivergedException($"The loss of the feature network is not finite at step {step + 1}; lower its learning rate or check the images.");
            }
        }
    }

    private float[] Infer(float[] images, int width, Func<Tensor, Tensor> map, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Length % _shape.Size != 0)
        {
            throw new ArgumentException(
                $"{images.Length} values are not whole images of ({_shape.Channels}, {_shape.Height}, {_shape.Width}).", nameof(images));
        }

        int count = images.Length / _shape.Size;
        var results = new float[count * width];
        using var grad = no_grad();
        for (int first = 0; first < count; first += InferenceBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            int batch = Math.Min(InferenceBatch, count - first);
            using var scope = NewDisposeScope();
            Tensor input = tensor(
                images.AsMemory(first * _shape.Size, batch * _shape.Size), [batch, _shape.Channels, _shape.Height, _shape.Width]);
            map(input).data<float>().CopyTo(results.AsSpan(first * width, batch * width));
        }

        return results;
    }
}
