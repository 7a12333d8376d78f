using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// Record of an island. The exponential moving average runs over round models; its decay is counted in the steps that one place would have done
/// on as many samples, so that it spans the same share of the training.
/// </summary>
public sealed class IslandRecord : IIslandRecord
{
    private readonly TrainingSpec _spec;
    private readonly IslandTraining _plan;
    private readonly ITrainingTask _task;
    private readonly string _identity;
    private readonly ModelShape _shape;
    private readonly Network _network;
    private readonly ModelVector _vector;
    private readonly IFusedNetwork? _fused;
    private readonly Queue<IslandRound> _offered = [];
    private readonly Dictionary<int, (long Rounds, float[] Values)> _newest = [];
    private readonly TrainingHistory _history;
    private readonly long _fresh;
    private (long Rounds, float[] Values, int Peers) _restored = (0, [], 0);
    private float[] _values;
    private float[] _average;

    /// <summary>Starts a record, or goes on with one.</summary>
    /// <param name="spec">How is trained.</param>
    /// <param name="plan">How many rounds there are.</param>
    /// <param name="task">How the model is judged, and how many steps one place would do.</param>
    /// <param name="network">A network to judge with, float32, on the device to judge on; the record owns it from here on.</param>
    /// <param name="shape">Shape of the data, written beside the weights.</param>
    /// <param name="identity">Names run and role; a checkpoint of another identity is refused.</param>
    /// <param name="initialize">Fills the common initial weights.</param>
    /// <param name="checkpoint">Bytes of <see cref="SaveCheckpoint"/>, or null.</param>
    /// <exception cref="InvalidDataException">The bytes are not a checkpoint of this identity.</exception>
    public IslandRecord(
        TrainingSpec spec,
        IslandTraining plan,
        ITrainingTask task,
        Network network,
        ModelShape shape,
        string identity,
        Action<ModelVector> initialize,
        byte[]? checkpoint)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(initialize);
        using IDisposable noGrad = no_grad();
        (_spec, _plan, _task, _network, _shape, _identity) = (spec, plan, task, network, shape, identity);
        _history = new TrainingHistory(identity, task.Steps, spec.Validations);
        // A slow peer is heard of once in several rounds; a peer that is gone must not hold back the mean of the others.
        _fresh = Math.Clamp(plan.Rounds / 10, 3, 10);
        _vector = ModelVector.Adopt(network);
        initialize(_vector);
        _fused = FusedNetworks.TryCreate(network, _vector, task.Batch, get_num_threads());
        _values = FlatTensors.ToArray(_vector.Values);
        _average = [.. _values];
        if (checkpoint is not null)
        {
            Load(checkpoint);
        }
    }

    /// <inheritdoc/>
    public long Rounds { get; private set; }

    /// <inheritdoc/>
    public int Step => (int)Math.Min(Steps, Rounds * Steps / _plan.Rounds);

    /// <inheritdoc/>
    public int Steps => _task.Steps;

    /// <inheritdoc/>
    public IReadOnlyList<MetricRow> History => _history.Rows;

    /// <inheritdoc/>
    public void Offer(IslandRound round) => _offered.Enqueue(round);

    /// <inheritdoc/>
    public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        int first = _history.Rows.Count, start = Step;
        double loss = 0;
        int losses = 0;
        bool validated = false;
        while (!validated && _offered.TryDequeue(out IslandRound? round))
        {
            if (double.IsFinite(round.Loss))
            {
                (loss, losses) = (loss + round.Loss, losses + 1);
                _history.AddLoss(round.Loss);
            }

            validated = Take(round);
        }

        double rate = (Step - start) * (double)_task.Batch / Math.Max(clock.Elapsed.TotalSeconds, 1e-9);
        return new SliceReport(Step, losses == 0 ? double.NaN : loss / losses, rate, [.. _history.Rows.Skip(first)]);
    }

    /// <inheritdoc/>
    public byte[] SaveCheckpoint() => _history.Save(
        "orleans-ddm-island-1",
        [SafetensorsEntry.Of("values", [_values.Length], _values), SafetensorsEntry.Of("average", [_average.Length], _average)],
        ("rounds", Rounds),
        ("peers", _newest.Count + Absent));

    /// <inheritdoc/>
    public byte[] SaveWeights() => PeerModels.Write(Exported, _vector.Segments, new Dictionary<string, string>
    {
        ["format"] = "pt",
        ["shape"] = _shape.ToText(),
        ["identity"] = _identity,
        ["step"] = Step.ToString(CultureInfo.InvariantCulture),
        ["weights"] = _spec.Weights,
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _fused?.Dispose();
        _vector.Dispose();
        _network.Dispose();
    }

    // Peers of which nothing was heard since the record was restored: the mean of then stands in for their models while these would count.
    private int Absent => Rounds - _restored.Rounds <= _fresh ? Math.Max(0, _restored.Peers - _newest.Count) : 0;

    private float[] Exported => _spec.Weights == "ema" ? _average : _values;

    // True after a validation.
    private bool Take(IslandRound round)
    {
        if (round.Rounds < Rounds - _fresh || (_newest.TryGetValue(round.Peer, out var known) && known.Rounds > round.Rounds))
        {
            return false;
        }

        try
        {
            _newest[round.Peer] = (round.Rounds, PeerModels.Read(round.Model, _vector.Segments));
        }
        catch (InvalidDataException e)
        {
            throw new TrainingDivergedException($"{_identity}: the model of round {round.Rounds} cannot be used. {e.Message}");
        }

        if (round.Rounds <= Rounds)
        {
            return false;
        }

        int before = Step;
        Rounds = round.Rounds;
        foreach (int peer in _newest.Where(n => n.Value.Rounds < Rounds - _fresh).Select(n => n.Key).ToArray())
        {
            _newest.Remove(peer);
        }

        _values = Mean();
        double keep = 1;
        for (int step = before + 1; step <= Step; step++)
        {
            keep *= Math.Min(_spec.EmaDecay, (1.0 + step) / (10.0 + step));
        }

        float old = (float)keep, fresh = (float)(1 - keep);
        for (int i = 0; i < _average.Length; i++)
        {
            _average[i] = (old * _average[i]) + (fresh * _values[i]);
        }

        if (!_history.Advance(before, Step))
        {
            return false;
        }

        Validate();
        return true;
    }

    private float[] Mean()
    {
        int absent = Absent;
        if (_newest.Count + absent == 1)
        {
            return _newest.Values.Single().Values;
        }

        double[] sum = absent > 0 ? Array.ConvertAll(_restored.Values, v => (double)absent * v) : new double[_values.Length];
        foreach ((_, float[] values) in _newest.Values)
        {
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += values[i];
            }
        }

        return Array.ConvertAll(sum, s => (float)(s / (_newest.Count + absent)));
    }

    private void Validate()
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _vector.Values.copy_(tensor(Exported));
        _network.eval();
        _fused?.Load();
        _history.AddValidation(Step, _task.Validate(new NetworkForward(_network, float32, _fused)));
    }

    private void Load(byte[] checkpoint) => _history.Load(checkpoint, file =>
    {
        (_values, _average) = (Vector(file, "values"), Vector(file, "average"));
        Rounds = long.Parse(file.Metadata["rounds"], CultureInfo.InvariantCulture);
        _restored = (Rounds, _values, int.Parse(file.Metadata.GetValueOrDefault("peers", "0"), CultureInfo.InvariantCulture));
    });

    private float[] Vector(SafetensorsFile file, string name)
    {
        float[] values = file[name].ToFloats();
        return values.Length == _values.Length && values.All(float.IsFinite)
            ? values
            : throw new InvalidDataException($"{_identity}: '{name}' of the checkpoint does not fit the model.");
    }
}
