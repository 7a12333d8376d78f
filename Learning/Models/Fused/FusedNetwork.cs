using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Conditions a batch, spreads its images over the workers and their threads, and adds up what they found.</summary>
internal sealed unsafe class FusedNetwork : IFusedNetwork
{
    private readonly NativeArena _arena;
    private readonly ModelVector _vector;
    private readonly FusedLayers _layers;
    private readonly FusedConditioning _conditioning;
    private readonly FusedWorker[] _workers;
    private readonly double[] _losses;
    private readonly int _chunk;

    /// <summary>The network of these layers.</summary>
    /// <param name="layers">Its layers.</param>
    /// <param name="vector">Its model vector.</param>
    /// <param name="batch">Largest batch.</param>
    /// <param name="threads">Threads to use, the caller's included.</param>
    /// <param name="arena">Keeps all arrays; it is freed with the network.</param>
    public FusedNetwork(FusedLayers layers, ModelVector vector, int batch, int threads, NativeArena arena)
    {
        (_layers, _vector, Batch, _arena) = (layers, vector, batch, arena);
        _conditioning = new FusedConditioning(vector, layers.ModulationLayers, layers.Shape.Classes, batch, arena);
        _chunk = Math.Clamp(layers.Chunk, 1, batch);
        _workers = [.. Enumerable.Range(0, threads).Select(_ => layers.CreateWorker(_chunk, arena))];
        _losses = new double[threads];
    }

    private delegate double Chunk(FusedWorker worker, int start, int count);

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public int OutputSize => (int)_layers.OutputShape.Aggregate(1L, (size, side) => size * side);

    /// <inheritdoc/>
    public IReadOnlyList<long> OutputShape => _layers.OutputShape;

    /// <inheritdoc/>
    public void Load()
    {
        _layers.Load();
        _conditioning.Load();
    }

    /// <inheritdoc/>
    public double AccumulateSquaredError(ReadOnlySpan<float> x, ReadOnlySpan<float> time, ReadOnlySpan<long> classes, ReadOnlySpan<float> target)
    {
        Check(x, time, classes);
        CheckKind(router: false);
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

    /// <inheritdoc/>
    public double AccumulateCrossEntropy(ReadOnlySpan<float> x, ReadOnlySpan<float> time, long[] labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        Check(x, time, []);
        CheckKind(router: true);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length, time.Length);
        CheckRange(labels, OutputSize - 1);
        int size = _layers.Shape.Size;
        float weight = 1f / labels.Length;
        fixed (float* inputs = x)
        {
            float* from = inputs;
            return Accumulate(time, [], (worker, start, count) =>
                worker.CrossEntropy(from + start * size, count, Modulation(start), _conditioning.Row, labels.AsSpan(start, count), weight));
        }
    }

    /// <inheritdoc/>
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
        float* sum = _workers[0].Gradient;
        foreach (FusedWorker worker in _workers.Skip(1))
        {
            var total = new Span<float>(sum, (int)_vector.Length);
            TensorPrimitives.Add(total, new ReadOnlySpan<float>(worker.Gradient, total.Length), total);
        }

        _layers.AddGradient(sum, FlatMemory.Of(_vector.Gradients));
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
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time.Length, Batch);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, time.Length * _layers.Shape.Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(classes.Length, classes.IsEmpty ? 0 : time.Length);
        CheckRange(classes, _layers.Shape.Classes);
    }

    private void CheckKind(bool router)
    {
        if (router != (OutputShape.Count == 1))
        {
            throw new InvalidOperationException(router
                ? "This network answers with images, not logits: its loss is the squared error."
                : "This network answers with logits, not images: its loss is the cross-entropy.");
        }
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
