using MathNet.Numerics.LinearAlgebra;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Dadao;

/// <summary>
/// Least squares with a chosen condition number: f_i(x) = ½ (x − c_i)ᵀ H_i (x − c_i), H_i with eigenvalues spread evenly in the logarithm from
/// μ = 1 to L = κ in a random basis of each node's own.
/// </summary>
public sealed class QuadraticProblem : IConvexProblem
{
    private readonly Matrix<double>[] _hessians;
    private readonly Vector<double>[] _centres;

    /// <summary>Draws a problem.</summary>
    /// <param name="nodes">Nodes.</param>
    /// <param name="dimension">Elements of x, at least 2.</param>
    /// <param name="condition">κ = L/μ, at least 1.</param>
    /// <param name="seed">Seed.</param>
    public QuadraticProblem(int nodes, int dimension, double condition, ulong seed)
    {
        CounterStream random = new(seed, "dadao-quadratic");
        Smoothness = condition;
        Vector<double> spectrum = Vector<double>.Build.Dense(dimension, d => Math.Pow(condition, d / (dimension - 1.0)));
        _hessians = [.. Enumerable.Range(0, nodes).Select(_ =>
        {
            Matrix<double> basis = Matrix<double>.Build.Dense(dimension, dimension, (_, _) => random.Normal()).QR().Q;
            return basis * Matrix<double>.Build.DiagonalOfDiagonalVector(spectrum) * basis.Transpose();
        })];
        _centres = [.. Enumerable.Range(0, nodes).Select(_ => Vector<double>.Build.Dense(dimension, _ => random.Normal()))];
        Matrix<double> sum = _hessians.Aggregate((a, b) => a + b);
        Optimum = [.. sum.Cholesky().Solve(_hessians.Zip(_centres, (h, c) => h * c).Aggregate((a, b) => a + b))];
    }

    /// <inheritdoc/>
    public int Nodes => _hessians.Length;

    /// <inheritdoc/>
    public int Dimension => _centres[0].Count;

    /// <inheritdoc/>
    public double Mu => 1;

    /// <inheritdoc/>
    public double Smoothness { get; }

    /// <inheritdoc/>
    public IReadOnlyList<double> Optimum { get; }

    /// <inheritdoc/>
    public void Gradient(int node, ReadOnlySpan<double> x, Span<double> gradient)
    {
        (Matrix<double> hessian, Vector<double> centre) = (_hessians[node], _centres[node]);
        for (int row = 0; row < gradient.Length; row++)
        {
            double sum = 0;
            for (int column = 0; column < x.Length; column++)
            {
                sum += hessian[row, column] * (x[column] - centre[column]);
            }

            gradient[row] = sum;
        }
    }
}
