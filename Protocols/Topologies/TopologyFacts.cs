namespace OrleansDDM.Protocols.Topologies;

/// <summary>What is worth knowing of a topology before peers average over it.</summary>
/// <param name="Kind">One of <see cref="TopologyPlan.Kinds"/>.</param>
/// <param name="Nodes">Nodes.</param>
/// <param name="Edges">Edges; of one-peer-exponential the union over all rounds.</param>
/// <param name="LeastDegree">Fewest neighbours of a node, of the same edges.</param>
/// <param name="MostDegree">Most neighbours of a node.</param>
/// <param name="Components">Connected parts: more than one never agree.</param>
/// <param name="SecondEigenvalue">λ of the Metropolis-Hastings mixing, 0 .. 1; null where each round mixes otherwise, or there are more than <see cref="MostNodes"/> nodes.</param>
/// <param name="SpectralGap">1 − λ: the larger, the faster the peers agree; null as λ.</param>
/// <param name="Chi1">χ1 of the graph with all edges alike (<see cref="Spectrum.Chi"/>); null where the graph is in parts, has no edge, or has more than <see cref="MostNodes"/> nodes.</param>
/// <param name="Chi2">χ2 of the graph; null as χ1.</param>
public sealed record TopologyFacts(
    string Kind,
    int Nodes,
    int Edges,
    int LeastDegree,
    int MostDegree,
    int Components,
    double? SecondEigenvalue,
    double? SpectralGap,
    double? Chi1,
    double? Chi2)
{
    /// <summary>Most nodes for which eigenvalues are computed: they take the cube of it.</summary>
    public const int MostNodes = 500;

    /// <summary>The facts of a plan for so many nodes.</summary>
    /// <exception cref="Specs.SpecException">The plan names no graph of that many nodes.</exception>
    public static TopologyFacts Of(TopologyPlan plan, int count)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Of(plan.Kind, plan.Graph(count));
    }

    /// <summary>The facts of a graph.</summary>
    /// <param name="kind">Its kind, which tells whether each round mixes alike.</param>
    /// <param name="graph">The graph, of one node at least.</param>
    public static TopologyFacts Of(string kind, Topology graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int[] degrees = [.. Enumerable.Range(0, graph.Count).Select(graph.Degree)];
        int edges = degrees.Sum() / 2, components = graph.Components().Count;
        bool small = graph.Count <= MostNodes;
        double? gap = small && kind != "one-peer-exponential" ? Spectrum.Gap(Spectrum.MixingMatrix(new MetropolisMixing(graph))) : null;
        (double Chi1, double Chi2)? chi = small && edges > 0 && components == 1 ? Spectrum.Chi(graph) : null;
        return new TopologyFacts(kind, graph.Count, edges, degrees.Min(), degrees.Max(), components, 1 - gap, gap, chi?.Chi1, chi?.Chi2);
    }
}
