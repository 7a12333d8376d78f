using OrleansDDM.Contracts.Peers;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>Who sends to whom in an island, see <see cref="IslandsSpec.Topology"/>. A function of the spec and the island's peers, and of the file that the spec names.</summary>
internal static class IslandTopology
{
    /// <summary>The graph of an island; its nodes are the peers in their order.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">The island's model.</param>
    /// <param name="peers">Numbers of the island's peers, ascending; one at least.</param>
    /// <exception cref="SpecException">There is no such connected graph of so many peers, or of these.</exception>
    public static Topology Graph(RunSpec spec, ModelRole role, IReadOnlyList<int> peers)
    {
        IslandsSpec islands = spec.Islands;
        bool file = islands.Topology == "file";
        (string key, string named) = file ? ("islands.topologyFile", islands.TopologyFile) : ("islands.topology", islands.Topology);
        Topology graph;
        try
        {
            TopologyPlan plan = new()
            {
                Kind = Kind(islands, peers.Count),
                Degree = Math.Clamp(peers.Count - 1, 1, islands.TopologyDegree),
                Probability = islands.TopologyProbability,
                Radius = islands.TopologyRadius,
                Seed = spec.Seed,
                File = file ? islands.TopologyFile : null,
            };
            graph = file ? plan.Graph(islands.Peers).Among(peers) : plan.Graph(peers.Count);
        }
        catch (SpecException e)
        {
            throw new SpecException(key, $"'{named}' does not fit the {peers.Count} peers that train {role}: {e.Message.TrimEnd('.')}; choose another islands.topology or number of peers");
        }

        // Peers of two parts would make two models.
        List<List<int>> parts = graph.Components();
        return parts.Count == 1
            ? graph
            : throw new SpecException(
                key, $"'{named}' leaves the {peers.Count} peers that train {role} in {parts.Count} parts, the largest of {parts[0].Count}; add edges, raise islands.topologyRadius, or choose another islands.topology");
    }

    /// <summary>How peers average on their graph.</summary>
    public static IMixingSchedule Mixing(IslandsSpec islands, Topology graph) =>
        Kind(islands, graph.Count) == "one-peer-exponential" ? new OnePeerExponential(graph.Count) : new MetropolisMixing(graph);

    /// <summary>What is worth knowing of an island's graph. Takes up to seconds: call it on a slot's thread.</summary>
    public static IslandGraph Describe(IslandsSpec islands, Topology graph)
    {
        TopologyFacts facts = TopologyFacts.Of(Kind(islands, graph.Count), graph);
        return new IslandGraph(facts.Kind, facts.Edges, facts.LeastDegree, facts.MostDegree, facts.SecondEigenvalue, facts.SpectralGap, facts.Chi1, facts.Chi2);
    }

    private static string Kind(IslandsSpec islands, int peers) => peers < 3 && islands.Topology != "file" ? "complete" : islands.Topology;
}
