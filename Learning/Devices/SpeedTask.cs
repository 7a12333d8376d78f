using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Devices;

/// <summary>Something to train on while speed is measured: one batch of noise, again and again.</summary>
internal sealed class SpeedTask(int batch, ModelShape shape) : ITrainingTask
{
    private readonly float[] _noise = Noise(batch * shape.Size);
    private readonly float[] _time = [.. Enumerable.Range(0, batch).Select(i => (i + 0.5f) / batch)];

    public int Batch => batch;

    public double LearningRate => 1e-3;

    public int Steps => 1_000_000;

    public TrainingTensors Draw(int step) =>
        new(tensor(_noise, shape.Batch(batch)), tensor(_time), null, tensor(_noise, shape.Batch(batch)));

    public IReadOnlyList<(string Name, double Value)> Validate(NetworkForward network) => [("loss/validation", 0)];

    private static float[] Noise(int count)
    {
        var values = new float[count];
        CounterRandom.Normal(values, 1, "speed", 0, 0);
        return values;
    }
}
