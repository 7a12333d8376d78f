using OrleansDDM.Contracts.Peers;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class IslandTopologyTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public static TheoryData<string> Drawn => [.. IslandsSpec.Topologies.Where(t => t != "file")];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Islands_have_every_topology_of_simulations_with_the_same_defaults()
    {
        Assert.Equal(TopologyPlan.Kinds.Order(), IslandsSpec.Topologies.Order());
        Assert.Equal(TopologyPlan.Kinds.Except(["one-peer-exponential"]).Order(), SolveSpec.Topologies.Order()); // it has no fixed edges whose clocks could ring
        (TopologyPlan plan, IslandsSpec islands) = (new(), new());
        Assert.Equal((plan.Degree, plan.Radius, plan.Probability), (islands.TopologyDegree, islands.TopologyRadius, islands.TopologyProbability));
    }

    [Theory]
    [MemberData(nameof(Drawn))]
    public void Every_topology_is_a_connected_graph_of_an_islands_peers_or_refused_by_its_key(string topology)
    {
        RunSpec spec = Spec(topology) with { Islands = Spec(topology).Islands with { TopologyRadius = 1.5 } };
        for (int count = 1; count <= 13; count++)
        {
            int[] peers = [.. Enumerable.Range(0, count)];
            if (topology is "torus" or "grid" && count is 5 or 7 or 11 or 13)
            {
                SpecException e = Assert.Throws<SpecException>(() => IslandTopology.Graph(spec, ModelRole.Expert(1), peers));
                Assert.Equal("islands.topology", e.Key);
                Assert.Contains($"does not fit the {count} peers that train expert-1", e.Message, StringComparison.Ordinal);
                continue;
            }

            Topology graph = IslandTopology.Graph(spec, ModelRole.Router, peers);
            Assert.True(graph.IsConnected);
            Assert.Equal((count, count), (graph.Count, IslandTopology.Mixing(spec.Islands, graph).Count));
        }
    }

    [Fact]
    public void Degree_is_that_of_the_spec_and_less_in_small_islands()
    {
        RunSpec spec = Spec("random-regular") with { Islands = Spec("random-regular").Islands with { TopologyDegree = 6 } };
        Assert.Equal([6], Degrees(10));
        Assert.Equal([3], Degrees(4));
        spec = spec with { Islands = spec.Islands with { TopologyDegree = 3 } };
        Assert.Contains("count x degree even", Assert.Throws<SpecException>(() => Degrees(5)).Message, StringComparison.Ordinal);

        IEnumerable<int> Degrees(int count)
        {
            Topology graph = IslandTopology.Graph(spec, ModelRole.Router, [.. Enumerable.Range(0, count)]);
            return Enumerable.Range(0, count).Select(graph.Degree).Distinct();
        }
    }

    [Fact]
    public void Points_that_are_too_far_apart_are_refused_and_a_larger_radius_joins_them()
    {
        RunSpec spec = Spec("random-geometric") with { Islands = Spec("random-geometric").Islands with { TopologyRadius = 0.01 } };
        SpecException e = Assert.Throws<SpecException>(() => IslandTopology.Graph(spec, ModelRole.Router, [0, 1, 2, 3]));
        Assert.Equal("islands.topology", e.Key);
        Assert.Contains("in 4 parts", e.Message, StringComparison.Ordinal);
        Assert.Contains("raise islands.topologyRadius", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Island_has_the_edges_of_a_file_that_join_its_peers()
    {
        // Peers 1, 3 and 5 hold cluster 1.
        RunSpec spec = Spec("file", "0 1\n1 2\n2 3\n3 4\n4 5 # a path\n1 3\n3 5\n");
        Assert.Equal([(0, 1), (1, 2)], IslandTopology.Graph(spec, ModelRole.Expert(1), [1, 3, 5]).Edges);
        SpecException e = Assert.Throws<SpecException>(() => IslandTopology.Graph(spec, ModelRole.Expert(0), [0, 2, 4]));
        Assert.Equal("islands.topologyFile", e.Key);
        Assert.Contains("leaves the 3 peers that train expert-0 in 3 parts", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0 1\n1 2\n2 3\n3 4\n", "has 5 nodes, but there are 6 peers")]
    [InlineData("0 1\n1 two\n", "Line 2")]
    [InlineData(null, "edges.txt")]
    public void Bad_file_names_the_key_the_file_and_the_rule(string? text, string message)
    {
        RunSpec spec = Spec("file", text);
        SpecException e = Assert.Throws<SpecException>(() => IslandTopology.Graph(spec, ModelRole.Router, [0, 1, 2, 3, 4, 5]));
        Assert.Equal("islands.topologyFile", e.Key);
        Assert.Contains(spec.Islands.TopologyFile, e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_has_the_files_graph_and_a_digest_that_tells_hosts_with_other_files()
    {
        const string ring = "0 1\n1 2\n2 3\n3 4\n4 5\n5 0\n";
        IslandPlan plan = Plan(Spec("file", ring));
        Assert.Equal((int[])[1, 5], plan.Mixing!.Receivers(0, 0));
        Assert.Equal(("file", 6, 2, 2), Facts(IslandTopology.Describe(Spec("file").Islands, plan.Graph!)));
        Assert.Equal(plan.Digest, Plan(Spec("file", "# the same\n" + ring)).Digest);
        Assert.NotEqual(plan.Digest, Plan(Spec("file", ring + "0 3\n")).Digest);
        Assert.Equal(Plan(Spec("ring")).Digest, Plan(Spec("complete")).Digest); // the spec tells these apart
        RunSpec modest = Spec("file", "none") with { Islands = Spec("file", "none").Islands with { Protocol = "modest" } };
        Assert.Null(Plan(modest).Mixing);
        Assert.Null(Plan(modest).Graph);
    }

    [Fact]
    public void Graph_is_described_as_the_one_that_the_island_has()
    {
        IslandsSpec star = Spec("star").Islands, onePeer = Spec("one-peer-exponential").Islands;
        Assert.Equal(("star", 4, 1, 4), Facts(Of(star, 5)));
        Assert.Equal(0.8, Of(star, 5).SecondEigenvalue!.Value, 1e-9); // 1 - 1/n
        Assert.Equal(("complete", 1, 1, 1), Facts(Of(star, 2)));
        Assert.Null(Of(onePeer, 5).SpectralGap);
        Assert.NotNull(Of(onePeer, 2).SpectralGap);
        Assert.Null(Of(star, 1).Chi1);

        IslandGraph Of(IslandsSpec islands, int peers) => IslandTopology.Describe(
            islands, IslandTopology.Graph(new RunSpec { Islands = islands }, ModelRole.Router, [.. Enumerable.Range(0, peers)]));
    }

    private static (string Kind, int Edges, int Least, int Most) Facts(IslandGraph graph) => (graph.Kind, graph.Edges, graph.LeastDegree, graph.MostDegree);

    private static IslandPlan Plan(RunSpec spec) =>
        IslandPlan.Of(spec, ModelRole.Router, new IslandData([.. new int[60]], [.. new int[60]], [.. Enumerable.Range(0, 60).Select(i => (long)i)]));

    private RunSpec Spec(string topology, string? text = null)
    {
        string path = _folder.File("edges.txt");
        if (text is not null)
        {
            File.WriteAllText(path, text);
        }

        return new RunSpec
        {
            Experts = new ExpertsSpec { Count = 2 },
            Islands = new IslandsSpec
            {
                Peers = 6,
                Protocol = "dpsgd",
                Shards = "iid",
                MinSamples = 1,
                Topology = topology,
                TopologyFile = topology == "file" ? path : string.Empty,
            },
        };
    }
}
