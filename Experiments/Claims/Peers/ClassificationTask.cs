using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Simulation;

namespace OrleansDDM.Experiments.Claims.Peers;

/// <summary>
/// Classifiers as what simulated peers learn. Trainings that are under way in virtual time are computed as one batch when the first of them
/// is due. Models are rows of a bank; handles count up.
/// </summary>
public sealed class ClassificationTask : ILearningTask, IDisposable
{
    private readonly PeerLearning _training;
    private readonly double _stepSeconds;
    private readonly long _roundOffset;
    private readonly ModelBank _bank;
    private readonly Dictionary<ModelHandle, int> _rows = [];
    private readonly Dictionary<ModelHandle, int> _held = [];
    private readonly Dictionary<long, TrainWork> _waiting = [];
    private readonly Dictionary<long, LocalTraining> _trained = [];
    private readonly Dictionary<int, int> _velocities = [];
    private ulong _handles;

    /// <summary>Makes the task; all peers start from the common initial model.</summary>
    /// <param name="training">What peers learn; disposed by its owner.</param>
    /// <param name="stepSeconds">Virtual seconds of a local step.</param>
    /// <param name="roundOffset">Added to a protocol's round for the draws, where protocols that count differently are to train on the same images.</param>
    public ClassificationTask(PeerLearning training, double stepSeconds, long roundOffset = 0)
    {
        ArgumentNullException.ThrowIfNull(training);
        (_training, _stepSeconds, _roundOffset) = (training, stepSeconds, roundOffset);
        _bank = new ModelBank(training.Engine.Kind.Length);
        int row = _bank.Rent();
        training.Initialise(_bank.Row(row), null);
        InitialModel = Name(row);
    }

    /// <inheritdoc/>
    public ModelHandle InitialModel { get; }

    /// <summary>Models held.</summary>
    public int Count => _rows.Count;

    /// <inheritdoc/>
    public long Samples(int peer) => _training.Data.Shards[peer].Length;

    /// <inheritdoc/>
    public long Bytes(ModelHandle model) => 4L * _bank.Length;

    /// <inheritdoc/>
    public TimeSpan Duration(TrainWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return TimeSpan.FromSeconds(_stepSeconds * work.Steps);
    }

    /// <inheritdoc/>
    public void Begin(TrainWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _waiting.Add(work.Id, work);
    }

    /// <inheritdoc/>
    public ModelHandle? Complete(TrainWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (_waiting.ContainsKey(work.Id))
        {
            TrainAllWaiting();
        }

        _trained.Remove(work.Id, out LocalTraining? done);
        if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(_bank.Row(done!.Row))))
        {
            Discard(done);
            return null;
        }

        if (done.Momentum >= 0)
        {
            if (_velocities.TryGetValue(work.Peer, out int old))
            {
                _bank.Return(old);
            }

            _velocities[work.Peer] = done.Momentum;
        }

        return Name(done.Row);
    }

    /// <inheritdoc/>
    public void Cancel(TrainWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _waiting.Remove(work.Id);
        if (_trained.Remove(work.Id, out LocalTraining? done))
        {
            Discard(done);
        }
    }

    /// <inheritdoc/>
    public ModelHandle? Aggregate(AggregationRule rule, IReadOnlyList<Contribution> models)
    {
        ArgumentNullException.ThrowIfNull(models);
        int target = _bank.Rent();
        int[] rows = [.. models.Select(m => _rows[m.Model])];
        double[] weights = [.. models.Select(m => m.Weight)];
        bool finite = rule switch
        {
            AggregationRule.VarianceCorrected corrected => Corrected(corrected, target, models, rows, weights),
            AggregationRule.LinearCombination => ModelMixing.Combine(_bank, target, rows, weights),
            _ => ModelMixing.Mean(_bank, target, rows, weights),
        };
        if (!finite)
        {
            _bank.Return(target);
            return null;
        }

        return Name(target);
    }

    /// <inheritdoc/>
    public void Retain(IReadOnlySet<ModelHandle> models)
    {
        ArgumentNullException.ThrowIfNull(models);
        foreach (ModelHandle model in _rows.Keys.Where(m => m != InitialModel && !models.Contains(m) && !_held.ContainsKey(m)).ToList())
        {
            _rows.Remove(model, out int row);
            _bank.Return(row);
        }
    }

    /// <summary>Number of the newest model; they count up.</summary>
    internal ulong Newest => _handles;

    /// <summary>Keeps a model until it is released as often, so that it can be judged later.</summary>
    public void Hold(ModelHandle model) => CollectionsMarshal.GetValueRefOrAddDefault(_held, model, out _)++;

    /// <summary>Ends a <see cref="Hold"/>; the model goes with the next collection.</summary>
    public void Release(ModelHandle model)
    {
        if (--CollectionsMarshal.GetValueRefOrAddDefault(_held, model, out _) <= 0)
        {
            _held.Remove(model);
        }
    }

    /// <summary>Judges models on the test images.</summary>
    public Judgement[] Judge(IEnumerable<ModelHandle> models) => _training.Judge(_bank, [.. models.Select(m => _rows[m])]);

    /// <summary>The parameters behind a handle.</summary>
    public ReadOnlySpan<float> Model(ModelHandle model) => _bank.Row(_rows[model]);

    /// <summary>The models that are newer than this number.</summary>
    internal IEnumerable<ModelHandle> Since(ulong number) => _rows.Keys.Where(m => m.A > number);

    /// <inheritdoc/>
    public ulong Digest(ModelHandle model) => _rows.TryGetValue(model, out int row)
        ? BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(MemoryMarshal.AsBytes(_bank.Row(row))))
        : 0;

    /// <inheritdoc/>
    public void Dispose() => _bank.Dispose();

    // Where no model is the own one, or it came alone, the weights are the protocol's.
    private bool Corrected(
        AggregationRule.VarianceCorrected rule, int target, IReadOnlyList<Contribution> models, int[] rows, double[] weights)
    {
        int others = models.Count - 1;
        bool[] own = [.. models.Select(m => m.From == rule.Self)];
        if (others == 0 || !own.Contains(true))
        {
            return ModelMixing.VarianceCorrected(_bank, target, rows, weights, [.. rows.Select(_ => 1.0)], _training.Engine.Kind.Segments);
        }

        double[] mean = [.. own.Select(self => self ? rule.Beta : (1 - rule.Beta) / others)];
        double[] shares = rule.Target switch
        {
            VarianceTarget.Own => [.. own.Select(self => self ? 1.0 : 0)],
            VarianceTarget.Both => mean,
            _ => [.. own.Select(self => self ? 0 : 1.0)],
        };
        return ModelMixing.VarianceCorrected(_bank, target, rows, mean, shares, _training.Engine.Kind.Segments);
    }

    private ModelHandle Name(int row)
    {
        var handle = new ModelHandle(++_handles, 0, 0, 0);
        _rows.Add(handle, row);
        return handle;
    }

    private void Discard(LocalTraining done)
    {
        _bank.Return(done.Row);
        if (done.Momentum >= 0)
        {
            _bank.Return(done.Momentum);
        }
    }

    private void TrainAllWaiting()
    {
        foreach (IGrouping<float, TrainWork> alike in _waiting.Values.GroupBy(RadiusOf))
        {
            LocalTraining[] work = [.. alike.Select(w => _training.Work(w.Peer, w.Round + _roundOffset, w.Steps, Copy(_rows[w.Model]), Velocity(w.Peer)))];
            _training.Train(_bank, _training.Step with { Radius = alike.Key }, work);
            foreach ((TrainWork begun, LocalTraining done) in alike.Zip(work))
            {
                _trained.Add(begun.Id, done);
            }
        }

        _waiting.Clear();
    }

    private float RadiusOf(TrainWork work) => work.Rule switch
    {
        TrainingRule.Steps => _training.Step.Radius,
        TrainingRule.SharpnessAware sharpness => (float)sharpness.Radius,
        _ => throw new NotSupportedException($"Classifiers are trained by plain or sharpness-aware steps, not by {work.Rule.GetType().Name}."),
    };

    private int Copy(int row)
    {
        int copy = _bank.Rent();
        _bank.Row(row).CopyTo(_bank.Row(copy));
        return copy;
    }

    // A training that is cancelled must leave the velocity as it was, so each works on a copy.
    private int Velocity(int peer)
    {
        if (_training.Step.Momentum <= 0)
        {
            return -1;
        }

        if (_velocities.TryGetValue(peer, out int row))
        {
            return Copy(row);
        }

        int fresh = _bank.Rent();
        _bank.Row(fresh).Clear();
        return fresh;
    }
}
