using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>16 peers on a ring, each with its share of Fashion-MNIST and a perceptron of 109,386 parameters; one thread.</summary>
internal sealed class RingProblem : IDisposable
{
    public const int Peers = 16;
    public const int Rounds = 50;
    public const int Steps = 5;
    public const int Batch = 32;
    private const ulong Seed = 1;

    public RingProblem()
    {
        Data = PeerData.Load(new PeerDataPlan { Peers = Peers }, DatasetCatalog.Default(), Seed);
        Engine = ClassifierEngines.Create(PerceptronKind.Benchmark, threads: 1);
        Training = new PeerLearning(Engine, Data, new LocalStep(Batch), 0.05f, Seed);
    }

    public PeerData Data { get; }

    public IClassifierEngine Engine { get; }

    public PeerLearning Training { get; }

    /// <summary>Writes what the Python script needs to do the same work.</summary>
    public void Save(string path)
    {
        float[] initial = new float[Engine.Kind.Length];
        Training.Initialise(initial, null);
        float[] samples = new float[Rounds * Peers * Steps * Batch];
        for (int i = 0; i < Rounds * Peers; i++)
        {
            int[] work = Training.Work(i % Peers, i / Peers, Steps, 0, -1).Samples;
            for (int j = 0; j < work.Length; j++)
            {
                samples[(i * work.Length) + j] = work[j];
            }
        }

        SafetensorsWriter.Save(
            path,
            [
                .. Inputs("images", "labels", Data.Train),
                .. Inputs("test_images", "test_labels", Data.Test),
                SafetensorsEntry.Of("samples", [Rounds, Peers, Steps * Batch], samples),
                .. Engine.Kind.Segments.Select((Segment s) => SafetensorsEntry.Of(s.Name, s.Shape, initial.AsSpan((int)s.Offset, (int)s.Length))),
            ]);
    }

    public void Dispose()
    {
        Engine.Dispose();
        Data.Dispose();
    }

    private static IEnumerable<SafetensorsEntry> Inputs(string images, string labels, LabelledInputs inputs)
    {
        float[] values = new float[inputs.Count * inputs.Width];
        for (int i = 0; i < inputs.Count; i++)
        {
            inputs.Input(i).CopyTo(values.AsSpan(i * inputs.Width));
        }

        float[] classes = Array.ConvertAll(inputs.Labels.ToArray(), label => (float)label);
        yield return SafetensorsEntry.Of(images, [inputs.Count, inputs.Width], values);
        yield return SafetensorsEntry.Of(labels, [inputs.Count], classes);
    }
}
