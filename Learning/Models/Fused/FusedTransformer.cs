using System.Numerics.Tensors;

using TorchSharp;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// A <see cref="DiffusionTransformer"/> on the CPU without autograd: loss, gradient and prediction by hand-written passes over a few images at
/// a time. It works on the same <see cref="ModelVector"/> and agrees with the module to rounding. Same batch, weights and threads
/// give the same bits.
/// </summary>
/// <remarks>Not thread-safe. Its own threads live for one call.</remarks>
public sealed unsafe class FusedTransformer : IDisposable
{
    // Tokens in flight per worker: enough rows for the matrix blocks, few enough that all activations stay near the core.
    private const int ChunkTokens = 128;

    private readonly NativeArena _arena = new();
    private readonly ModelVector _vector;
    private readonly FusedLayers _layers;
    private readonly FusedConditioning _conditioning;
    private readonly FusedWorker[] _workers;
    private readonly double[] _losses;
    private readonly int _chunk;
    private readonly int _batch;

    private FusedTransformer(DiffusionTransformer network, ModelVector vector, int batch, int threads)
    {
        _vector = vector;
        _batch = batch;
        _layers = new FusedLayers(network, vector, _arena);
        _conditioning = new FusedConditioning(vector, network.Shape.Classes, batch, _arena);
        _chunk = Math.Clamp(ChunkTokens / _layers.Tokens, 1, batch);
        _workers = [.. Enumerable.Range(0, threads).Select(_ => new FusedWorker(_layers, _chunk, vector.Length, _arena))];
        _losses = new double[threads];
    }

    /// <summary>Values of one sample's output: C H W, or K.</summary>
    public int OutputSize => _layers.Pools ? _layers.Head.Outputs : _layers.Shape.Size;

    private delegate double Chunk(FusedWorker worker, int start, int count);

    /// <summary>
    /// The fused form of a network, or null where there is none: another kind of network, device, dtype or processor, a width that is
    /// not a multiple of 16, frozen parameters.
    /// </summary>
    /// <param name="network">The network, whose parameters lie in <paramref name="vector"/>.</param>
    /// <param name="vector">Its model vector; both must outlive the result.</param>
    /// <param name="batch">Largest batch.</param>
    /// <param name="threads">Threads to use, the caller's included.</param>
    public static FusedTransformer? TryCreate(Network network, ModelVector vector, int batch, int threads)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        bool possible = MatrixProduct.IsSupported
            && network is DiffusionTransformer { HiddenWidth: var width } && width % 16 == 0
            && vector.Values.dtype == torch.float32 && vector.Values.device_type == DeviceType.CPU
            && network.parameters().All(p => p.requires_grad);
        return possible ? new FusedTransformer((DiffusionTransformer)network, vector, batch, threads) : null;
    }

    /// <summary>Takes over the current weights; to be called whenever the vector has changed.</summary>
    public void Load()
    {
        _layers.Load();
        _conditioning.Load();
    }

    /// <summary>Mean squared error between output and target, whose gradient is added to the vector's.</summary>
    /// <param name="x">Network inputs, (B, C, H, W).</param>
    /// <param name="time">(B).</param>
    /// <param name="classes">(B), the number of classes = none; empty = none for all.</param>
    /// <param name="target">(B, C, H, W).</param>
    public double AccumulateSquaredError(ReadOnlySpan<float> x, ReadOnlySpan<float> time, ReadOnlySpan<long> classes, ReadOnlySpan<float> target)
    {
        Check(x, time, classes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, x.Length);
        int size = _layers.Shape.Size;
        float weight = 1f / x.Length;
        fixed (float* inputs = x, targets = target)
        {
            float* from = inputs;
            float* to = targets;
            return Accumulate(time, classes, (worker, start, count) =>
                worker.SquaredError(from + start * size, count, Modulation(start), _conditioning.Row, to + start * size, weight));
        }
    }

    /// <summary>Mean cross-entropy between logits and labels, whose gradient is added to the vector's.</summary>
    /// <param name="x">Network inputs, (B, C, H, W).</param>
    /// <param name="time">(B).</param>
    /// <param name="labels">(B), in [0, K).</param>
    public double AccumulateCrossEntropy(ReadOnlySpan<float> x, ReadOnlySpan<float> time, long[] labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        Check(x, time, []);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length, time.Length);
        CheckRange(labels, _layers.Head.Outputs - 1);
        int size = _layers.Shape.Size;
        float weight = 1f / labels.Length;
        fixed (float* inputs = x)
        {
            float* from = inputs;
            return Accumulate(time, [], (worker, start, count) =>
                worker.CrossEntropy(from + start * size, count, Modulation(start), _conditioning.Row, labels.AsSpan(start, count), weight));
        }
    }

    /// <summary>Runs the network.</summary>
    /// <param name="x">Network inputs, (B, C, H, W).</param>
    /// <param name="time">(B).</param>
    /// <param name="classes">(B), the number of classes = none; empty = none for all.</param>
    /// <param name="output">(B, C, H, W), or (B, K) logits.</param>
    public void Predict(ReadOnlySpan<float> x, ReadOnlySpan<float> time, ReadOnlySpan<long> classes, Span<float> output)
    {
        Check(x, time, classes);
        int size = _layers.Shape.Size;
        int results = OutputSize;
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, time.Length * results);
        _conditioning.Forward(time, classes);
        fixed (float* inputs = x, outputs = output)
        {
            float* from = inputs;
            float* to = outputs;
            ForEachChunk(time.Length, (worker, start, count) =>
            {
                worker.Predict(from + start * size, count, Modulation(start), _conditioning.Row, to + start * results);
                return 0;
            });
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    private double Accumulate(ReadOnlySpan<float> time, ReadOnlySpan<long> classes, Chunk loss)
    {
        foreach (FusedWorker worker in _workers)
        {
            new Span<float>(worker.Gradient, (int)_vector.Length).Clear();
        }

        _conditioning.Forward(time, classes);
        double value = ForEachChunk(time.Length, (worker, start, count) =>
        {
            double part = loss(worker, start, count);
            worker.Backward(count, Modulation(start), _conditioning.Gradient + start * _conditioning.Row, _conditioning.Row);
            return part;
        });
        _conditioning.Backward(time.Length, classes, _workers[0].Gradient);
        var gradient = new Span<float>(FlatMemory.Of(_vector.Gradients), (int)_vector.Length);
        foreach (FusedWorker worker in _workers)
        {
            TensorPrimitives.Add(gradient, new ReadOnlySpan<float>(worker.Gradient, gradient.Length), gradient);
        }

        return value;
    }

    // Which worker does which chunk is fixed, and so is the order of every sum.
    private double ForEachChunk(int batch, Chunk work)
    {
        void Run(int index)
        {
            double sum = 0;
            for (int start = index * _chunk; start < batch; start += _workers.Length * _chunk)
            {
                sum += work(_workers[index], start, Math.Min(_chunk, batch - start));
            }

            _losses[index] = sum;
        }

        int chunks = (batch + _chunk - 1) / _chunk;
        Array.Clear(_losses);
        var threads = new Thread[Math.Clamp(chunks, 1, _workers.Length) - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int index = i + 1;
            threads[i] = new Thread(() => Run(index)) { IsBackground = true, Priority = Thread.CurrentThread.Priority };
            threads[i].Start();
        }

        Run(0);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return _losses.Sum();
    }

    private float* Modulation(int start) => _conditioning.Modulation + start * _conditioning.Row;

    private void Check(ReadOnlySpan<float> x, ReadOnlySpan<float> time, ReadOnlySpan<long> classes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time.Length, _batch);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, time.Length * _layers.Shape.Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(classes.Length, classes.IsEmpty ? 0 : time.Length);
        CheckRange(classes, _layers.Shape.Classes);
    }

    private static void CheckRange(ReadOnlySpan<long> values, int largest)
    {
        foreach (long value in values)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, largest);
        }
    }
}
