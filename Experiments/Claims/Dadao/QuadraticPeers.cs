using MathNet.Numerics.LinearAlgebra;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>
/// Least squares of many peers: f_i(x) = ½ (x − c_i)ᵀ A_i (x − c_i), where the eigenvalues of every A_i run from μ = 1 to L = κ along random
/// axes. The best common x is known exactly.
/// </summary>
internal sealed class QuadraticPeers
{
    private readonly Matrix<double>[] _curvature;
    private readonly Vector<double>[] _slope;

    /// <summary>Draws the peers.</summary>
    /// <param name="peers">Peers.</param>
    /// <param name="dimension">Elements of x, at least 2.</param>
    /// <param name="condition">κ = L / μ.</param>
    /// <param name="seed">Seed.</param>
    public QuadraticPeers(int peers, int dimension, double condition, ulong seed)
    {
        (Dimension, Condition) = (dimension, condition);
        CounterStream random = new(seed, "quadratic-peers");
        _curvature = new Matrix<double>[peers];
        _slope = new Vector<double>[peers];
        for (int p = 0; p < peers; p++)
        {
            Matrix<double> axes = Matrix<double>.Build.Dense(dimension, dimension, (_, _) => random.Normal()).QR().Q;
            Vector<double> values = Vector<double>.Build.Dense(dimension, i => i == 0 ? 1 : i == 1 ? condition : 1 + ((condition - 1) * random.Unit()));
            _curvature[p] = axes * Matrix<double>.Build.DenseOfDiagonalVector(values) * axes.Transpose();
            _slope[p] = _curvature[p] * Vector<double>.Build.Dense(dimension, _ => 3 * random.Normal());
        }

        Best = [.. _curvature.Aggregate((a, b) => a + b).Solve(_slope.Aggregate((a, b) => a + b))];
    }

    /// <summary>Elements of x.</summary>
    public int Dimension { get; }

    /// <summary>κ.</summary>
    public double Condition { get; }

    /// <summary>x*.</summary>
    public double[] Best { get; }

    /// <summary>∇f_i(x).</summary>
    public double[] Gradient(int peer, double[] x) => [.. (_curvature[peer] * Vector<double>.Build.Dense(x)) - _slope[peer]];
}
