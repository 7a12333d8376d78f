using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// Trains one network on one task: optimizer and EMA on the flat vector, checkpoints, validation. In bfloat16 the network is a working copy
/// and <see cref="_master"/> holds the float32 weights. Where the network has a fused form, gradients and validation come from it instead of autograd and the module.
/// </summary>
public sealed class Trainer : ITrainingSession
{
    private const int LossPoints = 200;

    private readonly TrainingSpec _spec;
    private readonly ITrainingTask _task;
    private readonly string _identity;
    private readonly ModelShape _shape;
    private readonly Network _network;
    private readonly ModelVector _working;
    private readonly ScalarType _dtype;
    private readonly Tensor _master;
    private readonly Tensor _average;
    private readonly IFusedNetwork? _fused;
    private readonly IOptimizer _optimizer;
    private readonly List<MetricRow> _history = [];
    private double _windowLoss;
    private int _windowCount;

    /// <summary>Starts from initial weights, or goes on from a checkpoint.</summary>
    /// <param name="spec">How to train.</param>
    /// <param name="task">What to train.</param>
    /// <param name="network">The network, float32, on the device to train on; the trainer owns it from here on.</param>
    /// <param name="shape">Shape of the data; it is written beside the weights, so that they can be opened without the data.</param>
    /// <param name="identity">Names run and role; a checkpoint of another identity is refused.</param>
    /// <param name="initialize">Fills the initial weights; not called when there is a checkpoint.</param>
    /// <param name="checkpoint">Bytes of <see cref="SaveCheckpoint"/>, or null.</param>
    /// <exception cref="InvalidDataException">The bytes are not a checkpoint of this identity.</exception>
    public Trainer(TrainingSpec spec, ITrainingTask task, Network network, ModelShape shape, string identity, Action<ModelVector> initialize, byte[]? checkpoint)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(initialize);
        using IDisposable noGrad = no_grad();
        _spec = spec;
        _task = task;
        _identity = identity;
        _shape = shape;
        _network = network;
        bool rounded = spec.Precision == "bfloat16";
        _dtype = float32;
        _working = ModelVector.Adopt(network);
        _fused = FusedNetworks.TryCreate(network, _working, task.Batch, get_num_threads());
        if (rounded && _fused is null)
        {
            // The fused passes multiply in float32 whatever the working copy is rounded to; libtorch has bfloat16 products.
            _working.Dispose();
            _dtype = bfloat16;
            network.to(_dtype);
            _working = ModelVector.Adopt(network);
        }

        initialize(_working);
        _master = rounded ? _working.Values.to(float32, copy: true).DetachFromDisposeScope() : _working.Values;
        _average = _master.clone().DetachFromDisposeScope();
        RoundWorkingCopy();
        _optimizer = spec.Optimizer == "sgd" ? new Sgd(_working, spec) : new AdamW(_working, spec);
        if (checkpoint is not null)
        {
            Load(checkpoint);
        }
    }

    /// <inheritdoc/>
    public int Step { get; private set; }

    /// <inheritdoc/>
    public int Steps => _task.Steps;

    /// <inheritdoc/>
    public IReadOnlyList<MetricRow> History => _history;

    /// <inheritdoc/>
    public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        int first = _history.Count;
        int start = Step;
        double loss = 0;
        _network.train();
        bool validated = false;
        while (Step < Steps && !validated && !cancellation.IsCancellationRequested && (Step == start || clock.Elapsed < budget))
        {
            double stepLoss = TrainStep();
            loss += stepLoss;
            validated = Record(stepLoss);
        }

        int done = Step - start;
        double rate = done * _task.Batch / Math.Max(clock.Elapsed.TotalSeconds, 1e-9);
        return new SliceReport(Step, done == 0 ? double.NaN : loss / done, rate, [.. _history.Skip(first)]);
    }

    /// <inheritdoc/>
    public byte[] SaveCheckpoint()
    {
        var tensors = new List<SafetensorsEntry>
        {
            FlatTensors.Save("values", _master),
            FlatTensors.Save("average", _average),
        };
        tensors.AddRange(_optimizer.Moments.Select(m => FlatTensors.Save(m.Key, m.Value)));
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "orleans-ddm-checkpoint-1",
            ["identity"] = _identity,
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["windowLoss"] = _windowLoss.ToString("R", CultureInfo.InvariantCulture),
            ["windowCount"] = _windowCount.ToString(CultureInfo.InvariantCulture),
            ["history"] = JsonSerializer.Serialize(_history),
        };
        return SafetensorsWriter.Write(tensors, metadata);
    }

    /// <inheritdoc/>
    public byte[] SaveWeights() =>
        FlatTensors.SaveSegments(_working.Segments, _spec.Weights == "ema" ? _average : _master, new Dictionary<string, string>
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
        _optimizer.Dispose();
        _fused?.Dispose();
        _average.Dispose();
        _master.Dispose();
        _working.Dispose();
        _network.Dispose();
    }

    private double TrainStep()
    {
        using DisposeScope scope = NewDisposeScope();
        _working.Gradients.zero_();
        double value = AccumulateGradient(_task.Draw(Step));
        using IDisposable noGrad = no_grad();
        Tensor gradients = _working.Gradients.to(float32);
        double norm = gradients.norm().item<float>();
        if (!double.IsFinite(value) || !double.IsFinite(norm))
        {
            throw new TrainingDivergedException(string.Create(
                CultureInfo.InvariantCulture,
                $"{_identity}: step {Step + 1} has loss {value} and gradient norm {norm}. Lower training.learningRate or training.clipNorm."));
        }

        if (_spec.ClipNorm > 0 && norm > _spec.ClipNorm)
        {
            using Scalar factor = _spec.ClipNorm / norm;
            gradients.mul_(factor);
        }

        double rate = LearningRate.At(_spec, _task.LearningRate, Step, Steps);
        _optimizer.Update(_master, gradients, Step + 1, rate);
        Step++;

        // The average warms up so that short runs are not dominated by the initial weights.
        double decay = Math.Min(_spec.EmaDecay, (1.0 + Step) / (10.0 + Step));
        using Scalar keep = decay;
        using Scalar weight = 1 - decay;
        _average.mul_(keep).add_(_master, weight);
        RoundWorkingCopy();

        return value;
    }

    // With training.precision bfloat16 the network computes with the master's values rounded to bfloat16, whatever holds them.
    private void RoundWorkingCopy()
    {
        if (!ReferenceEquals(_master, _working.Values))
        {
            using Tensor rounded = _master.to(bfloat16);
            _working.Values.copy_(rounded);
        }
    }

    private double AccumulateGradient(TrainingTensors batch)
    {
        if (_fused is not null)
        {
            _fused.Load();
            return batch.Accumulate(_fused);
        }

        Tensor loss = batch.To(_working.Values.device).Loss(_network, _dtype);
        loss.backward();
        return loss.item<float>();
    }

    // Rows depend on the step alone: the mean training loss of a fixed window, and validation at fixed steps. True after a validation.
    private bool Record(double loss)
    {
        _windowLoss += loss;
        _windowCount++;
        if (Step * (long)LossPoints / Steps != (Step - 1) * (long)LossPoints / Steps || Step == Steps)
        {
            _history.Add(new MetricRow(Step, "loss/train", _windowLoss / _windowCount));
            (_windowLoss, _windowCount) = (0, 0);
        }

        bool due = Step * (long)_spec.Validations / Steps != (Step - 1) * (long)_spec.Validations / Steps || Step == Steps;
        if (due)
        {
            Validate();
        }

        return due;
    }

    // Validates the weights that will be exported, which are swapped into the network for the time.
    private void Validate()
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor training = _working.Values.clone();
        if (_spec.Weights == "ema")
        {
            _working.Values.copy_(_average);
        }

        _network.eval();
        _fused?.Load();
        foreach ((string name, double value) in _task.Validate(new NetworkForward(_network, _dtype, _fused)))
        {
            _history.Add(double.IsFinite(value)
                ? new MetricRow(Step, name, value)
                : throw new TrainingDivergedException(string.Create(CultureInfo.InvariantCulture, $"{_identity}: {name} is {value} at step {Step}.")));
        }

        _network.train();
        _working.Values.copy_(training);
    }

    private void Load(byte[] checkpoint)
    {
        try
        {
            SafetensorsFile file = SafetensorsReader.Read(checkpoint);
            string identity = file.Metadata.GetValueOrDefault("identity", "nothing");
            if (identity != _identity)
            {
                throw new InvalidDataException($"The checkpoint belongs to '{identity}', not to '{_identity}'.");
            }

            FlatTensors.Load(file, "values", _master);
            FlatTensors.Load(file, "average", _average);
            foreach ((string name, Tensor moment) in _optimizer.Moments)
            {
                FlatTensors.Load(file, name, moment);
            }

            Step = int.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
            _windowLoss = double.Parse(file.Metadata["windowLoss"], CultureInfo.InvariantCulture);
            _windowCount = int.Parse(file.Metadata["windowCount"], CultureInfo.InvariantCulture);
            _history.AddRange(JsonSerializer.Deserialize<List<MetricRow>>(file.Metadata["history"])!);
        }
        catch (Exception e) when (e is SafetensorsException or KeyNotFoundException or FormatException or JsonException)
        {
            throw new InvalidDataException($"{_identity}: not a checkpoint: {e.Message}", e);
        }

        RoundWorkingCopy();
    }
}
