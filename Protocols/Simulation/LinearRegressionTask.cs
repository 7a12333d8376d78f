using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// Least squares y = x·w* + noise on shards of unlike slopes, trained by minibatch SGD. The draws of a batch are a function of seed, peer,
/// round and step.
/// </summary>
public sealed class LinearRegressionTask : ArrayTask
{
    private readonly double[][][] _inputs;
    private readonly double[][] _targets;
    private readonly ulong _seed;
    private readonly double _rate;
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
        : base(new double[dimension], stepSeconds, modelBytes)
    {
        (_seed, _rate, _batch) = (seed, rate, batch);
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
    protected override double[] Train(double[] model, TrainWork work)
    {
        double[][] inputs = _inputs[work.Peer];
        double[] gradient = new double[model.Length];
        CounterStream random = new(_seed, "regression-batch", (ulong)work.Peer, (ulong)work.Round);
        for (int step = 0; step < work.Steps; step++)
        {
            Array.Clear(gradient);
            for (int b = 0; b < _batch; b++)
            {
                int sample = random.Below(inputs.Length);
                double error = Dot(inputs[sample], model) - _targets[work.Peer][sample];
                for (int d = 0; d < model.Length; d++)
                {
                    gradient[d] += error * inputs[sample][d] / _batch;
                }
            }

            for (int d = 0; d < model.Length; d++)
            {
                model[d] -= _rate * gradient[d];
            }
        }

        return model;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
