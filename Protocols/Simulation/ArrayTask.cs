using System.Runtime.InteropServices;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>A task whose models are plain arrays of doubles, named by their contents. Cheap enough for thousands of peers.</summary>
public abstract class ArrayTask : ILearningTask
{
    private readonly Dictionary<ModelHandle, double[]> _models = [];
    private readonly Dictionary<ModelHandle, (long Bytes, ModelHandle? Base)> _compressed = [];
    private readonly Dictionary<int, float[]> _residuals = [];
    private readonly TimeSpan _stepTime;
    private readonly long? _modelBytes;

    /// <summary>Makes the task.</summary>
    /// <param name="initial">θ0.</param>
    /// <param name="stepSeconds">Virtual seconds of one local step.</param>
    /// <param name="modelBytes">Bytes of a model on the wire; null = 4 for each element.</param>
    protected ArrayTask(double[] initial, double stepSeconds, long? modelBytes)
    {
        _stepTime = TimeSpan.FromSeconds(stepSeconds);
        _modelBytes = modelBytes;
        InitialModel = Store(initial);
    }

    /// <inheritdoc/>
    public ModelHandle InitialModel { get; }

    /// <summary>How trained models are compressed when they are sent; what others and the peer itself go on with is what came through.</summary>
    public CompressionOptions Compression { get; init; } = new();

    /// <summary>Models held.</summary>
    public int Count => _models.Count;

    /// <summary>The layers of a model; one, unless a task knows better.</summary>
    protected virtual IReadOnlyList<VectorSegment> Segments => [new VectorSegment(0, _models[InitialModel].Length)];

    /// <summary>The elements behind a handle; not to be changed.</summary>
    public double[] Get(ModelHandle model) => _models[model];

    /// <summary>Takes in a model.</summary>
    public ModelHandle Store(double[] model)
    {
        ModelHandle handle = ModelHandle.OfContent(MemoryMarshal.AsBytes<double>(model));
        _models[handle] = model;
        return handle;
    }

    /// <inheritdoc/>
    public virtual long Samples(int peer) => 1;

    /// <inheritdoc/>
    public long Bytes(ModelHandle model) => _modelBytes ?? (4L * _models[model].Length);

    /// <inheritdoc/>
    public bool Accepts(ModelHandle model) => _models.TryGetValue(model, out double[]? elements)
        && elements.Length == _models[InitialModel].Length && Array.TrueForAll(elements, double.IsFinite);

    /// <inheritdoc/>
    public long Bytes(ModelHandle model, IReadOnlySet<ModelHandle> held) =>
        _compressed.TryGetValue(model, out var sent) && (sent.Base is not { } start || start == InitialModel || held.Contains(start))
            ? sent.Bytes
            : Bytes(model);

    /// <inheritdoc/>
    public TimeSpan Duration(TrainWork work) => _stepTime * work.Steps;

    /// <inheritdoc/>
    public void Begin(TrainWork work)
    {
    }

    /// <inheritdoc/>
    public ModelHandle? Complete(TrainWork work)
    {
        double[] trained = Train((double[])_models[work.Model].Clone(), work);
        if (!Array.TrueForAll(trained, double.IsFinite))
        {
            return null;
        }

        return Compression.Kind == "none" || work.Rule is TrainingRule.Gradient ? Store(trained) : StoreCompressed(work, trained);
    }

    /// <inheritdoc/>
    public void Cancel(TrainWork work)
    {
    }

    /// <inheritdoc/>
    public ModelHandle? Aggregate(AggregationRule rule, IReadOnlyList<Contribution> models)
    {
        double[] result = VectorAggregation.Apply(rule, models, Get, Segments);
        return Array.TrueForAll(result, double.IsFinite) ? Store(result) : null;
    }

    /// <inheritdoc/>
    public void Retain(IReadOnlySet<ModelHandle> models)
    {
        foreach (ModelHandle model in _models.Keys.Where(m => m != InitialModel && !models.Contains(m)).ToList())
        {
            _models.Remove(model);
            _compressed.Remove(model);
        }
    }

    /// <inheritdoc/>
    public ulong Digest(ModelHandle model) => model.A;

    // A difference carries on what it left out of the one before; a whole model has nothing to carry.
    private ModelHandle StoreCompressed(TrainWork work, double[] trained)
    {
        double[] start = _models[work.Model];
        float[] update = [.. trained.Select((t, i) => (float)(Compression.IsDifference ? t - start[i] : t))];
        Compressed compressed = ErrorFeedback.Compress(
            update, Compression.IsDifference ? _residuals.GetValueOrDefault(work.Peer) ?? [] : [], Compression);
        if (Compression.IsDifference)
        {
            _residuals[work.Peer] = compressed.Residual;
        }

        ModelHandle handle = Store([.. compressed.Decoded.Select((c, i) => Compression.IsDifference ? start[i] + c : c)]);
        _compressed[handle] = (compressed.Bytes.Length, Compression.IsDifference ? work.Model : null);
        return handle;
    }

    /// <summary>Local steps in place.</summary>
    /// <param name="model">A copy to train.</param>
    /// <param name="work">What to do.</param>
    protected abstract double[] Train(double[] model, TrainWork work);
}
