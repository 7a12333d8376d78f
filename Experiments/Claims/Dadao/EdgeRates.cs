using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>How often each edge of a graph is used.</summary>
/// <param name="Probabilities">p of each edge in the order of <see cref="Topology.Edges"/>; sum 1.</param>
/// <param name="Total">λ: uses of all edges in a unit of time.</param>
/// <param name="Chi1">χ1 = χ1(p) / λ.</param>
/// <param name="Chi2">χ2 = χ2(p) / λ.</param>
internal sealed record EdgeRates(double[] Probabilities, double Total, double Chi1, double Chi2)
{
    private const double Tolerance = 1e-7;
    private const int MostSteps = 40_000;

    /// <summary>All edges alike, as many uses as χ1 χ2 ≤ ½ asks for: λ = √(2 χ1(p) χ2(p)).</summary>
    /// <param name="graph">A connected graph.</param>
    /// <param name="share">Share of these uses that is really made; below 1 the condition does not hold.</param>
    public static EdgeRates Uniform(Topology graph, double share = 1)
    {
        int edges = graph.Edges.Count();
        return Of(graph, [.. Enumerable.Repeat(1.0 / edges, edges)], share);
    }

    /// <summary>The rates that need the fewest uses: χ1(p) χ2(p) is minimised over p = softmax(θ) by Nelder and Mead's simplex, started again where it ends.</summary>
    public static EdgeRates Optimised(Topology graph)
    {
        int edges = graph.Edges.Count();
        Vector<double> theta = Vector<double>.Build.Dense(edges);
        IObjectiveFunction cost = ObjectiveFunction.Value(t =>
        {
            (double chi1, double chi2) = Spectrum.Chi(graph, Softmax(t));
            return Math.Log(chi1 * chi2);
        });
        for (int start = 0; start < 4; start++)
        {
            try
            {
                theta = NelderMeadSimplex.Minimum(cost, theta, Vector<double>.Build.Dense(edges, 0.5), Tolerance, MostSteps).MinimizingPoint;
            }
            catch (MaximumIterationsException)
            {
                break;
            }
        }

        return Of(graph, Softmax(theta), 1);
    }

    private static EdgeRates Of(Topology graph, double[] probabilities, double share)
    {
        (double chi1, double chi2) = Spectrum.Chi(graph, probabilities);
        double total = share * Math.Sqrt(2 * chi1 * chi2);
        return new EdgeRates(probabilities, total, chi1 / total, chi2 / total);
    }

    private static double[] Softmax(Vector<double> theta)
    {
        double largest = theta.Maximum();
        double[] weights = [.. theta.Select(t => Math.Exp(t - largest))];
        double sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }
}
