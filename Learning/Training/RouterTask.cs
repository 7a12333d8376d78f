using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>Training of the router: cross-entropy of the cluster of x0 given (x_t, t), over all clusters in their natural mix (DDM algorithm 1).</summary>
public sealed class RouterTask : ITrainingTask
{
    private const int Strata = 4;

    private readonly RunSpec _spec;
    private readonly TrainingData _data;
    private readonly string _stream;
    private readonly DataOrder _order;
    private readonly int[] _validation;
    private readonly INoiseSchedule _schedule;

    /// <summary>Training of the run's router.</summary>
    public RouterTask(RunSpec spec, TrainingData data)
        : this(spec, data, [.. Enumerable.Range(0, data.TrainClusters.Count)], spec.Router.Batch, Stream)
    {
    }

    /// <summary>Training of the run's router on some of the images.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="rows">The training rows, at least one.</param>
    /// <param name="batch">Samples per step, at least 1.</param>
    /// <param name="stream">Name of all draws.</param>
    public RouterTask(RunSpec spec, TrainingData data, IReadOnlyList<int> rows, int batch, string stream)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(data);
        _spec = spec;
        _data = data;
        _stream = stream;
        Batch = batch;
        _order = new DataOrder(rows, batch, spec.Seed, _stream + "/order");
        _validation = data.ValidationSample(cluster: -1);
        _schedule = NoiseSchedules.Parse(spec.Diffusion.Path);
        Steps = StepsOf(spec);
    }

    /// <summary>Name of the router's draws.</summary>
    public static string Stream => "router";

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public double LearningRate => _spec.Router.LearningRate;

    /// <inheritdoc/>
    public int Steps { get; }

    /// <summary>Number of training steps of a run's router, at least 1.</summary>
    public static int StepsOf(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return Math.Max(1, (int)Math.Round(spec.Router.StepShare * spec.Training.Steps));
    }

    /// <inheritdoc/>
    public TrainingTensors Draw(int step)
    {
        int[] rows = _order.Batch(step);
        NoisyBatch batch = NoisyBatch.Draw(_data.Splits.Train, rows, _spec.Diffusion, _spec.Training.Flip, _spec.Seed, _stream, step);
        return new TrainingTensors(Input(batch), tensor(batch.Time), null, Clusters(_data.TrainClusters, rows));
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, double Value)> Validate(NetworkForward network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var accuracies = new List<(string, double)>();
        double loss = 0;
        for (int stratum = 0; stratum < Strata; stratum++)
        {
            using DisposeScope scope = NewDisposeScope();
            NoisyBatch batch = NoisyBatch.Paired(_data.Splits.Validation, _validation, _schedule, _spec.Seed, stratum, Strata);
            Tensor logits = network.Run(Input(batch), tensor(batch.Time), null);                     // (B, K)
            Tensor clusters = Clusters(_data.ValidationClusters, _validation);
            loss += nn.functional.cross_entropy(logits, clusters).item<float>() / Strata;
            double accuracy = logits.argmax(1).eq(clusters).to(float32).mean().item<float>();
            accuracies.Add((FormattableString.Invariant($"accuracy/t={(stratum + 0.5) / Strata:0.###}"), accuracy));
        }

        return [("loss/validation", loss), .. accuracies];
    }

    private static Tensor Clusters(IReadOnlyList<int> clusters, int[] rows) => tensor(Array.ConvertAll(rows, row => (long)clusters[row]));

    private Tensor Input(NoisyBatch batch) => tensor(DenoisingTarget.Input(_schedule, batch), _data.Shape.Batch(batch.Count)); // (B, C, H, W)
}
