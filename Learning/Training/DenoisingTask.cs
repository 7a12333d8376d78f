using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// Training of one expert on its cluster: E || f(x_t, t) - target ||^2 (DDM eq. 6; flow matching for <c>flow</c>, Lipman et al. 2023).
/// </summary>
public sealed class DenoisingTask : ITrainingTask
{
    private const int Strata = 4;

    private readonly RunSpec _spec;
    private readonly TrainingData _data;
    private readonly string _stream;
    private readonly DataOrder _order;
    private readonly int[] _validation;
    private readonly INoiseSchedule _schedule;
    private readonly Parameterization _parameterization;

    /// <summary>Training of expert <paramref name="expert"/>.</summary>
    public DenoisingTask(RunSpec spec, TrainingData data, int expert)
        : this(spec, data, expert, data.TrainRows(expert), BatchOf(spec), StreamOf(expert))
    {
    }

    /// <summary>Training of expert <paramref name="expert"/> on some images of its cluster.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="expert">Which expert; it is validated on the whole cluster's held-out images.</param>
    /// <param name="rows">The training rows, at least one.</param>
    /// <param name="batch">Samples per step, at least 1.</param>
    /// <param name="stream">Name of all draws.</param>
    public DenoisingTask(RunSpec spec, TrainingData data, int expert, IReadOnlyList<int> rows, int batch, string stream)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(data);
        _spec = spec;
        _data = data;
        _stream = stream;
        Batch = batch;
        _order = new DataOrder(rows, Batch, spec.Seed, _stream + "/order");
        _validation = data.ValidationSample(expert);
        _schedule = NoiseSchedules.Parse(spec.Diffusion.Path);
        _parameterization = Parameterizations.Parse(spec.Diffusion.Parameterization);
    }

    /// <summary>Batch of each expert of a run.</summary>
    public static int BatchOf(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Training.Batch / spec.Experts.Count;
    }

    /// <summary>Name of an expert's draws.</summary>
    public static string StreamOf(int expert) => $"expert-{expert}";

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public double LearningRate => _spec.Training.LearningRate;

    /// <inheritdoc/>
    public int Steps => _spec.Training.Steps;

    /// <inheritdoc/>
    public TrainingTensors Draw(int step)
    {
        int[] rows = _order.Batch(step);
        NoisyBatch batch = NoisyBatch.Draw(_data.Splits.Train, rows, _spec.Diffusion, _spec.Training.Flip, _spec.Seed, _stream, step);
        return Tensors(batch, Classes(_data.Splits.Train, rows, step));
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, double Value)> Validate(NetworkForward network)
    {
        ArgumentNullException.ThrowIfNull(network);
        double sum = 0;
        for (int stratum = 0; stratum < Strata; stratum++)
        {
            using DisposeScope scope = NewDisposeScope();
            NoisyBatch batch = NoisyBatch.Paired(_data.Splits.Validation, _validation, _schedule, _spec.Seed, stratum, Strata);
            Tensor? classes = Classes(_data.Splits.Validation, _validation, step: -1);
            TrainingTensors tensors = Tensors(batch, classes);
            Tensor output = network.Run(tensors.Input, tensors.Time, tensors.Classes);
            sum += tensors.LossOf(output).item<float>();
        }

        return [("loss/validation", sum / Strata)];
    }

    private TrainingTensors Tensors(NoisyBatch batch, Tensor? classes)
    {
        long[] shape = _data.Shape.Batch(batch.Count);
        return new TrainingTensors(
            tensor(DenoisingTarget.Input(_schedule, batch), shape),
            tensor(batch.Time),
            classes,
            tensor(DenoisingTarget.Of(_parameterization, batch), shape));
    }

    // In training a share of the classes is dropped, so that the network learns the unconditional prediction too.
    private Tensor? Classes(ImageDataset images, int[] rows, int step)
    {
        if (!_spec.Model.ClassConditional)
        {
            return null;
        }

        var classes = new long[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            bool drop = step >= 0
                && CounterRandom.Uniform(_spec.Seed, _stream + "/condition", (ulong)i, (ulong)step) < _spec.Model.ConditionDropout;
            classes[i] = drop ? _data.Shape.Classes : images.Labels.Span[rows[i]];
        }

        return tensor(classes);
    }
}
