using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>Ours: the trainer as runs use it, with gradient norm and weight average on top of what the other arms do.</summary>
public sealed class TrainerArm(StepModel model, string precision, int batch = 128) : IStepArm
{
    private readonly Dictionary<int, Trainer> _trainers = [];

    /// <inheritdoc/>
    public string Name => precision == "float32" ? "ours" : "ours-" + precision;

    /// <inheritdoc/>
    public StepTiming Run(int threads, int steps)
    {
        set_num_threads(threads);
        if (!_trainers.TryGetValue(threads, out Trainer? trainer))
        {
            _trainers[threads] = trainer = Create();
        }

        return StepTiming.Of(steps, () => trainer.Train(TimeSpan.Zero, CancellationToken.None).Loss);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Trainer trainer in _trainers.Values)
        {
            trainer.Dispose();
        }
    }

    private Trainer Create()
    {
        var spec = new TrainingSpec { Warmup = 0, DecayShare = 0, ClipNorm = 0, Precision = precision, Validations = 1 };
        return new Trainer(spec, new FixedBatchTask(model, batch), model.Build(), StepModel.Shape, "benchmark", vector =>
        {
            using Tensor weights = tensor(model.Weights);
            vector.Values.copy_(weights);
        }, checkpoint: null);
    }

    private sealed class FixedBatchTask(StepModel model, int batch) : ITrainingTask
    {
        public int Batch => batch;

        public double LearningRate => 1e-3;

        public int Steps => 1_000_000;

        public TrainingTensors Draw(int step)
        {
            long[] shape = [Batch, StepModel.Shape.Channels, StepModel.Shape.Height, StepModel.Shape.Width];
            int count = Batch * StepModel.Shape.Size;
            return new TrainingTensors(tensor(model.Input[..count], shape), tensor(model.Time[..Batch]), null, tensor(model.Target[..count], shape));
        }

        public IReadOnlyList<(string Name, double Value)> Validate(NetworkForward network) => [];
    }
}
