using MathNet.Numerics.LinearAlgebra;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Dadao;

/// <summary>
/// Logistic regression with ridge: f_i(x) = mean_s log(1 + exp(−b_s a_sᵀx)) + ½ μ ‖x‖², samples a ~ N(0, scale²) of each node's own and labels
/// b = ±1 drawn from one true model. L = μ + the largest λ_max(AᵀA / 4m) of a node. The optimum is found by Newton's method.
/// </summary>
public sealed class LogisticProblem : IConvexProblem
{
    private readonly double[][][] _samples;
    private readonly double[][] _labels;

    /// <summary>Draws a problem.</summary>
    /// <param name="nodes">Nodes.</param>
    /// <param name="dimension">Elements of x.</param>
    /// <param name="samples">Samples of each node.</param>
    /// <param name="scale">Standard deviation of the features.</param>
    /// <param name="mu">μ, positive.</param>
    /// <param name="seed">Seed.</param>
    public LogisticProblem(int nodes, int dimension, int samples, double scale, double mu, ulong seed)
    {
        CounterStream random = new(seed, "dadao-logistic");
        Mu = mu;
        double[] truth = [.. Enumerable.Range(0, dimension).Select(_ => random.Normal())];
        _samples = [.. Enumerable.Range(0, nodes).Select(_ => Enumerable.Range(0, samples)
            .Select(_ => Enumerable.Range(0, dimension).Select(_ => scale * random.Normal()).ToArray()).ToArray())];
        _labels = [.. _samples.Select(node => node.Select(a => random.Unit() < Sigmoid(Dot(a, truth)) ? 1.0 : -1.0).ToArray())];
        Smoothness = mu + _samples.Max(node => Matrix<double>.Build.DenseOfRowArrays(node)
            .TransposeThisAndMultiply(Matrix<double>.Build.DenseOfRowArrays(node)).Evd(Symmetricity.Symmetric).EigenValues.Max(v => v.Real)
            / (4 * samples));
        Optimum = Newton();
    }

    /// <inheritdoc/>
    public int Nodes => _samples.Length;

    /// <inheritdoc/>
    public int Dimension => _samples[0][0].Length;

    /// <inheritdoc/>
    public double Mu { get; }

    /// <inheritdoc/>
    public double Smoothness { get; }

    /// <inheritdoc/>
    public IReadOnlyList<double> Optimum { get; }

    /// <inheritdoc/>
    public void Gradient(int node, ReadOnlySpan<double> x, Span<double> gradient)
    {
        for (int d = 0; d < gradient.Length; d++)
        {
            gradient[d] = Mu * x[d];
        }

        double[][] samples = _samples[node];
        for (int s = 0; s < samples.Length; s++)
        {
            double label = _labels[node][s];
            double weight = -label * Sigmoid(-label * Dot(samples[s], x)) / samples.Length;
            for (int d = 0; d < gradient.Length; d++)
            {
                gradient[d] += weight * samples[s][d];
            }
        }
    }

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));

    private static double Dot(double[] a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private double[] Newton()
    {
        double[] x = new double[Dimension], gradient = new double[Dimension];
        for (int iteration = 0; iteration < 50; iteration++)
        {
            Vector<double> sum = Vector<double>.Build.Dense(Dimension);
            Matrix<double> hessian = Matrix<double>.Build.DiagonalIdentity(Dimension) * (Mu * Nodes);
            for (int node = 0; node < Nodes; node++)
            {
                Gradient(node, x, gradient);
                sum += Vector<double>.Build.Dense(gradient);
                foreach (double[] sample in _samples[node])
                {
                    double p = Sigmoid(Dot(sample, x));
                    Vector<double> a = Vector<double>.Build.Dense(sample);
                    hessian += a.OuterProduct(a) * (p * (1 - p) / _samples[node].Length);
                }
            }

            Vector<double> step = hessian.Cholesky().Solve(sum);
            x = [.. x.Zip(step, (v, s) => v - s)];
            if (step.L2Norm() < 1e-14)
            {
                break;
            }
        }

        return x;
    }
}
