namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// From time and class of each sample to the modulations of all blocks, for a whole batch: <see cref="TimeEmbedding"/>, SiLU and the
/// network's modulation layers, whose outputs lie side by side.
/// </summary>
internal sealed unsafe class FusedConditioning
{
    private readonly FusedLinear _in;
    private readonly FusedLinear _out;
    private readonly FusedLinear[] _layers;
    private readonly float* _table;
    private readonly long _tableOffset;
    private readonly int _classes;
    private readonly int _width;
    private readonly float[] _rates;
    private readonly float* _features;
    private readonly float* _inner;
    private readonly float* _innerSilu;
    private readonly float* _embedding;
    private readonly float* _conditioning;

    /// <summary>Allocates the activations of up to <paramref name="batch"/> samples.</summary>
    /// <param name="vector">The model.</param>
    /// <param name="layers">Names of the modulation layers, in the order in which their outputs lie side by side.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="batch">Largest batch.</param>
    /// <param name="arena">Keeps weights and activations.</param>
    public FusedConditioning(ModelVector vector, IEnumerable<string> layers, int classes, int batch, NativeArena arena)
    {
        _in = new FusedLinear(vector, "time.in", arena);
        _out = new FusedLinear(vector, "time.out", arena);
        _layers = [.. layers.Select(name => new FusedLinear(vector, name, arena))];
        Row = _layers.Sum(layer => layer.Outputs);
        (_classes, _width) = (classes, _out.Outputs);
        if (classes > 0)
        {
            _tableOffset = vector.Segments.Single(s => s.Name == "time.classes.weight").Offset;
            _table = FlatMemory.Of(vector.Values) + _tableOffset;
        }

        int frequencies = _in.Inputs / 2;
        _rates = [.. Enumerable.Range(0, frequencies).Select(i => (float)Math.Exp(-Math.Log(10_000) * i / frequencies))];
        _features = arena.Allocate((long)batch * _in.Inputs);
        _inner = arena.Allocate((long)batch * _width);
        _innerSilu = arena.Allocate((long)batch * _width);
        _embedding = arena.Allocate((long)batch * _width);
        _conditioning = arena.Allocate((long)batch * _width);
        Modulation = arena.Allocate((long)batch * Row);
        Gradient = arena.Allocate((long)batch * Row);
    }

    /// <summary>Modulation values per sample.</summary>
    public int Row { get; }

    /// <summary>(B, row).</summary>
    public float* Modulation { get; }

    /// <summary>Gradient of <see cref="Modulation"/>, to be filled before <see cref="Backward"/>.</summary>
    public float* Gradient { get; }

    /// <summary>Takes over the current weights.</summary>
    public void Load()
    {
        _in.Load();
        _out.Load();
        foreach (FusedLinear layer in _layers)
        {
            layer.Load();
        }
    }

    /// <summary>Fills <see cref="Modulation"/>.</summary>
    /// <param name="time">(B).</param>
    /// <param name="classes">(B), the number of classes = none; empty = none for all.</param>
    public void Forward(ReadOnlySpan<float> time, ReadOnlySpan<long> classes)
    {
        int batch = time.Length;
        for (int i = 0; i < batch; i++)
        {
            float* features = _features + i * _in.Inputs;
            for (int f = 0; f < _rates.Length; f++)
            {
                (float sin, float cos) = MathF.SinCos(time[i] * 1000 * _rates[f]);
                features[f] = cos;
                features[_rates.Length + f] = sin;
            }
        }

        _in.Forward(_features, batch, _inner);
        RowKernels.Silu(_inner, batch * _width, _innerSilu);
        _out.Forward(_innerSilu, batch, _embedding);
        for (int i = 0; _classes > 0 && i < batch; i++)
        {
            RowKernels.AddRows(_table + Class(classes, i) * _width, 1, _width, _embedding + i * _width);
        }

        RowKernels.Silu(_embedding, batch * _width, _conditioning);
        float* modulation = Modulation;
        foreach (FusedLinear layer in _layers)
        {
            layer.Forward(_conditioning, batch, modulation, Row);
            modulation += layer.Outputs;
        }
    }

    /// <summary>Adds the parameters' gradients; the activations are lost.</summary>
    public void Backward(int batch, ReadOnlySpan<long> classes, float* gradient)
    {
        float* dmodulation = Gradient;
        foreach (FusedLinear layer in _layers)
        {
            layer.ParameterGradient(_conditioning, dmodulation, Row, batch, gradient);
            dmodulation += layer.Outputs;
        }

        float* dEmbedding = _conditioning;
        new Span<float>(dEmbedding, batch * _width).Clear();
        dmodulation = Gradient;
        foreach (FusedLinear layer in _layers)
        {
            layer.AddInputGradient(dmodulation, Row, batch, dEmbedding);
            dmodulation += layer.Outputs;
        }

        RowKernels.SiluBackward(_embedding, batch * _width, dEmbedding);
        for (int i = 0; _classes > 0 && i < batch; i++)
        {
            RowKernels.AddRows(dEmbedding + i * _width, 1, _width, gradient + _tableOffset + Class(classes, i) * _width);
        }

        _out.ParameterGradient(_innerSilu, dEmbedding, batch, gradient);
        float* dInner = _innerSilu;
        _out.InputGradient(dEmbedding, batch, dInner);
        RowKernels.SiluBackward(_inner, batch * _width, dInner);
        _in.ParameterGradient(_features, dInner, batch, gradient);
    }

    private long Class(ReadOnlySpan<long> classes, int i) => classes.IsEmpty ? _classes : classes[i];
}
