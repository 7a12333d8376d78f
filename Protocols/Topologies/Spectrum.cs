using MathNet.Numerics.LinearAlgebra;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>Numbers that say how fast a graph mixes. Dense eigenvalues: meant for up to some 1,000 nodes.</summary>
public static class Spectrum
{
    /// <summary>W of a round as a dense matrix, (n, n).</summary>
    public static Matrix<double> MixingMatrix(IMixingSchedule mixing, long round = 0)
    {
        Matrix<double> matrix = Matrix<double>.Build.Dense(mixing.Count, mixing.Count);
        for (int i = 0; i < mixing.Count; i++)
        {
            foreach (MixingWeight weight in mixing.Row(i, round))
            {
                matrix[i, weight.Node] = weight.Weight;
            }
        }

        return matrix;
    }

    /// <summary>λ: the second largest absolute eigenvalue of a symmetric mixing matrix; 1 − λ is the spectral gap.</summary>
    public static double SecondEigenvalue(Matrix<double> mixing)
    {
        double[] values = [.. mixing.Evd(Symmetricity.Symmetric).EigenValues.Select(v => Math.Abs(v.Real)).OrderDescending()];
        return values.Length < 2 ? 0 : values[1];
    }

    /// <summary>1 − λ.</summary>
    public static double Gap(Matrix<double> mixing) => 1 - SecondEigenvalue(mixing);

    /// <summary>
    /// χ1 = 1 / λ_2(L_p) and χ2 = max over edges of ½ (e_i − e_j)ᵀ L_p⁺ (e_i − e_j), with L_p = Σ p_ij (e_i − e_j)(e_i − e_j)ᵀ
    /// (DADAO, arXiv 2208.00779).
    /// </summary>
    /// <param name="graph">A connected graph of at least two nodes.</param>
    /// <param name="probabilities">p of each edge in the order of <see cref="Topology.Edges"/>, sum 1; uniform by default.</param>
    /// <exception cref="ArgumentException">The graph is not connected, or p does not fit.</exception>
    public static (double Chi1, double Chi2) Chi(Topology graph, IReadOnlyList<double>? probabilities = null)
    {
        (int From, int To)[] edges = [.. graph.Edges];
        if (!graph.IsConnected || edges.Length == 0 || (probabilities is not null && probabilities.Count != edges.Length))
        {
            throw new ArgumentException("The graph must be connected, have an edge, and one probability per edge.", nameof(graph));
        }

        Matrix<double> laplacian = Matrix<double>.Build.Dense(graph.Count, graph.Count);
        for (int e = 0; e < edges.Length; e++)
        {
            double p = probabilities?[e] ?? (1.0 / edges.Length);
            (int i, int j) = edges[e];
            laplacian[i, i] += p;
            laplacian[j, j] += p;
            laplacian[i, j] -= p;
            laplacian[j, i] -= p;
        }

        double chi1 = 1 / laplacian.Evd(Symmetricity.Symmetric).EigenValues.Select(v => v.Real).Order().ElementAt(1);

        // L + 11ᵀ/n is regular and has the pseudo-inverse's quadratic form on differences of nodes.
        Matrix<double> inverse = (laplacian + (1.0 / graph.Count)).Inverse();
        double chi2 = edges.Max(e => 0.5 * (inverse[e.From, e.From] + inverse[e.To, e.To] - (2 * inverse[e.From, e.To])));
        return (chi1, chi2);
    }
}
