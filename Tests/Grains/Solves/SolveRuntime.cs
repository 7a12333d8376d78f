using System.Collections.Concurrent;

using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Grains.Solves;

/// <summary>Learning that knows nothing but convex problems, on drawn inputs.</summary>
internal sealed class SolveRuntime : ILearningRuntime, IConvexLearning
{
    /// <summary>Called on the slot before the inputs are drawn.</summary>
    public Action BeforeInputs { get; set; } = () => { };

    /// <summary>Called on the slot before a gradient is taken.</summary>
    public Action BeforeGradient { get; set; } = () => { };

    /// <summary>Names of the solves whose inputs were drawn.</summary>
    public ConcurrentQueue<string> Loaded { get; } = [];

    public static SoftmaxData Draw(ulong seed, int count = 90, int width = 5, int classes = 3)
    {
        var random = new CounterStream(seed, "solve-test");
        int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Below(classes))];
        float[] values = new float[count * width];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(random.Normal() + (i % width == labels[i / width] ? 2 : 0));
        }

        return new SoftmaxData(values, width, labels, classes);
    }

    public void EnterSlot(int threads, string device)
    {
    }

    public SoftmaxData Inputs(SolveSpec spec)
    {
        BeforeInputs();
        Loaded.Enqueue(spec.Name);
        return Draw(spec.Seed);
    }

    public SoftmaxData TestInputs(SolveSpec spec) => Draw(spec.Seed + 1000);

    public double Gradient(SolveSpec spec, SoftmaxShard shard, double[] x, double[] gradient)
    {
        BeforeGradient();
        return shard.Gradient(x, gradient);
    }

    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation) => throw new NotSupportedException();

    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null) => throw new NotSupportedException();

    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) => throw new NotSupportedException();
}
