using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Dadao;

/// <summary>
/// Rates of the edges' clocks. With probabilities p and a total rate λ the rates' χ1 and χ2 are χ1p/λ and χ2p/λ; DADAO asks for χ1·χ2 ≤ ½, so
/// λ = √(2·χ1p·χ2p) communications per unit of time are enough, and p is best where that is smallest.
/// </summary>
public sealed record EdgeRates
{
    /// <summary>Most nodes that <see cref="Optimised"/> takes only seconds for: each trial takes a spectrum.</summary>
    public const int MostOptimised = 32;

    private EdgeRates(Topology graph, double[] probabilities)
    {
        Graph = graph;
        Probabilities = probabilities;
        (Chi1P, Chi2P) = Spectrum.Chi(graph, probabilities);
    }

    /// <summary>The graph.</summary>
    public Topology Graph { get; }

    /// <summary>p of each edge in the order of <see cref="Topology.Edges"/>, sum 1.</summary>
    public IReadOnlyList<double> Probabilities { get; }

    /// <summary>χ1p.</summary>
    public double Chi1P { get; }

    /// <summary>χ2p.</summary>
    public double Chi2P { get; }

    /// <summary>λ: the least total rate that the theory allows, per unit of time.</summary>
    public double Total => Math.Sqrt(2 * Chi1P * Chi2P);

    /// <summary>All edges alike.</summary>
    /// <exception cref="ArgumentException">The graph is not connected or has no edge.</exception>
    public static EdgeRates Uniform(Topology graph)
    {
        int edges = graph.Edges.Count();
        return new EdgeRates(graph, [.. Enumerable.Repeat(1.0 / edges, edges)]);
    }

    /// <summary>
    /// Minimises λ over p = softmax(θ) by a (1+1) evolution strategy with the one-fifth rule: no gradient is needed where the largest of
    /// many edges decides. Meant for up to <see cref="MostOptimised"/> nodes.
    /// </summary>
    /// <param name="graph">A connected graph.</param>
    /// <param name="seed">Seed of the search.</param>
    /// <param name="trials">Evaluations.</param>
    /// <exception cref="ArgumentException">The graph is not connected or has no edge.</exception>
    public static EdgeRates Optimised(Topology graph, ulong seed = 1, int trials = 6000)
    {
        CounterStream random = new(seed, "edge-rates");
        EdgeRates best = Uniform(graph);
        double[] theta = new double[best.Probabilities.Count];
        double width = 0.5;
        for (int trial = 0; trial < trials && width > 1e-6; trial++)
        {
            // Half of the trials move one edge alone.
            int only = random.Unit() < 0.5 ? random.Below(theta.Length) : -1;
            double[] moved = [.. theta.Select((t, e) => only < 0 || only == e ? t + (width * random.Normal()) : t)];
            EdgeRates rates = new(graph, Softmax(moved));
            if (rates.Total < best.Total)
            {
                (best, theta, width) = (rates, moved, width * 1.5);
            }
            else
            {
                width *= Math.Pow(1.5, -0.25);
            }

            width = Math.Max(width, trial < trials / 2 ? 1e-3 : 1e-7);
        }

        return best;
    }

    private static double[] Softmax(double[] theta)
    {
        double highest = theta.Max();
        double[] weights = [.. theta.Select(t => Math.Exp(t - highest))];
        double sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }
}
