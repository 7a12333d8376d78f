using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>Trains one network on one task: optimizer and EMA on the flat vector, checkpoints, validation.</summary>
public sealed class Trainer : ITrainingSession
{
    private readonly TrainingSpec _spec;
    private readonly ITrainingTask _task;
    private readonly string _identity;
    private readonly ModelShape _shape;
    private readonly Network _network;
    private readonly WorkingCopy _working;
    private readonly Tensor _master;
    private readonly Tensor _average;
    private readonly IOptimizer _optimizer;
    private readonly TrainingHistory _history;

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
        _history = new TrainingHistory(identity, task.Steps, spec.Validations);
        _working = new WorkingCopy(network, spec.Precision, task.Batch, initialize);
        _master = _working.Master;
        _average = _master.clone().DetachFromDisposeScope();
        _optimizer = spec.Optimizer == "sgd" ? new Sgd(_working.Vector, spec) : new AdamW(_working.Vector, spec);
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
    public IReadOnlyList<MetricRow> History => _history.Rows;

    /// <inheritdoc/>
    public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        int first = _history.Rows.Count;
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
        return new SliceReport(Step, done == 0 ? double.NaN : loss / done, rate, [.. _history.Rows.Skip(first)]);
    }

    /// <inheritdoc/>
    public byte[] SaveCheckpoint() => _history.Save(
        "orleans-ddm-checkpoint-1",
        [
            FlatTensors.Save("values", _master),
            FlatTensors.Save("average", _average),
            .. _optimizer.Moments.Select(m => FlatTensors.Save(m.Key, m.Value)),
        ],
        ("step", Step));

    /// <inheritdoc/>
    public byte[] SaveWeights() =>
        FlatTensors.SaveSegments(_working.Vector.Segments, _spec.Weights == "ema" ? _average : _master, new Dictionary<string, string>
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
        _average.Dispose();
        _working.Dispose();
    }

    private double TrainStep()
    {
        using DisposeScope scope = NewDisposeScope();
        double value = _working.Gradient(_task.Draw(Step));
        using IDisposable noGrad = no_grad();
        Tensor gradients = _working.Vector.Gradients.to(float32);
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
        _working.Round();
        return value;
    }

    // True after a validation.
    private bool Record(double loss)
    {
        _history.AddLoss(loss);
        bool due = _history.Advance(Step - 1, Step);
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
        Tensor values = _working.Vector.Values, training = values.clone();
        if (_spec.Weights == "ema")
        {
            values.copy_(_average);
        }

        _network.eval();
        _working.Fused?.Load();
        _history.AddValidation(Step, _task.Validate(new NetworkForward(_network, _working.Dtype, _working.Fused)));
        _network.train();
        values.copy_(training);
    }

    private void Load(byte[] checkpoint)
    {
        _history.Load(checkpoint, file =>
        {
            FlatTensors.Load(file, "values", _master);
            FlatTensors.Load(file, "average", _average);
            foreach ((string name, Tensor moment) in _optimizer.Moments)
            {
                FlatTensors.Load(file, name, moment);
            }

            Step = int.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
        });
        _working.Round();
    }
}
