using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// Least squares y = x·w* + noise on shards of unlike slopes, trained by minibatch SGD. The draws of a batch are a function of seed, peer,
/// round and step.
/// </summary>
public sealed class LinearRegressionTask : GradientTask
{
    private readonly double[][][] _inputs;
    private readonly double[][] _targets;
    private readonly ulong _seed;
    private readonly int _batch;

    /// <summary>Makes the task.</summary>
    /// <param name="peers">Peers.</param>
    /// <param name="seed">Seed of data and batches.</param>
    /// <param name="dimension">Features.</param>
    /// <param name="samples">Samples of each peer.</param>
    /// <param name="batch">Samples of a step.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="skew">How far a peer's true slope is from the common one.</param>
    /// <param name="noise">Standard deviation of the noise in y.</param>
    /// <param name="stepSeconds">Virtual seconds of a step.</param>
    /// <param name="modelBytes">Bytes of a model on the wire; null = 4 for each element.</param>
    public LinearRegressionTask(
        int peers,
        ulong seed,
        int dimension = 5,
        int samples = 40,
        int batch = 10,
        double rate = 0.05,
        double skew = 0.5,
        double noise = 0.1,
        double stepSeconds = 0.02,
        long? modelBytes = null)
        : base(new double[dimension], rate, stepSeconds, modelBytes)
    {
        (_seed, _batch) = (seed, batch);
        CounterStream random = new(seed, "regression-data");
        TrueWeights = [.. Enumerable.Range(0, dimension).Select(_ => random.Normal())];
        _inputs = new double[peers][][];
        _targets = new double[peers][];
        for (int p = 0; p < peers; p++)
        {
            double[] slope = [.. TrueWeights.Select(w => w + (skew * random.Normal()))];
            _inputs[p] = [.. Enumerable.Range(0, samples).Select(_ => Enumerable.Range(0, dimension).Select(_ => random.Normal()).ToArray())];
            _targets[p] = [.. _inputs[p].Select(x => Dot(x, slope) + (noise * random.Normal()))];
        }
    }

    /// <summary>w*.</summary>
    public double[] TrueWeights { get; }

    /// <summary>Mean squared error of a model over all shards.</summary>
    public double Loss(ModelHandle model)
    {
        double[] weights = Get(model);
        return _inputs.Zip(_targets, (xs, ys) => xs.Zip(ys, (x, y) => Math.Pow(Dot(x, weights) - y, 2)).Average()).Average();
    }

    /// <inheritdoc/>
    public override long Samples(int peer) => _targets[peer].Length;

    /// <inheritdoc/>
    public override void FullGradient(int peer, ReadOnlySpan<double> model, Span<double> gradient)
    {
        gradient.Clear();
        for (int sample = 0; sample < _targets[peer].Length; sample++)
        {
            Add(peer, sample, model, gradient, 1.0 / _targets[peer].Length);
        }
    }

    /// <inheritdoc/>
    protected override void StepGradient(TrainWork work, int step, ReadOnlySpan<double> model, Span<double> gradient)
    {
        CounterStream random = new(_seed, "regression-batch", (ulong)work.Peer, ((ulong)work.Round << 20) | (uint)step);
        gradient.Clear();
        for (int b = 0; b < _batch; b++)
        {
            Add(work.Peer, random.Below(_targets[work.Peer].Length), model, gradient, 1.0 / _batch);
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    // Of ½(x·w − y)².
    private void Add(int peer, int sample, ReadOnlySpan<double> model, Span<double> gradient, double weight)
    {
        double[] input = _inputs[peer][sample];
        double error = Dot(input, model) - _targets[peer][sample];
        for (int d = 0; d < input.Length; d++)
        {
            gradient[d] += weight * error * input[d];
        }
    }
}
