using OrleansDDM.Grains.Solves;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Solves;

public sealed class ConvexProblemTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Digest_tells_hosts_with_other_edges_even_where_the_rates_are_alike()
    {
        ConvexProblem path = Of("0 1\n1 2\n2 3\n");
        Assert.Equal([(0, 1), (1, 2), (2, 3)], path.Rates.Graph.Edges);
        Assert.Equal(path.Digest, Of("# the same\n2 3\n1 2\n0 1\n").Digest);
        Assert.NotEqual(path.Digest, Of("0 2\n2 1\n1 3\n").Digest);
    }

    [Theory]
    [InlineData("0 1\n2 3\n", "connected")]
    [InlineData("0 1\n1 2\n", "3 nodes, but there are 4 peers")]
    public void File_that_does_not_fit_is_refused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<SpecException>(() => Of(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Degree_and_radius_are_those_of_the_spec()
    {
        SolveSpec spec = new() { Name = "s", Peers = 10, Topology = "random-regular" };
        Assert.Equal(4, ConvexProblem.Graph(spec).Degree(0));
        Assert.Equal(6, ConvexProblem.Graph(spec with { TopologyDegree = 6 }).Degree(0));
        Assert.Equal(45, ConvexProblem.Graph(spec with { Topology = "random-geometric", TopologyRadius = 1.5 }).Edges.Count());
    }

    private ConvexProblem Of(string edges)
    {
        string path = _folder.File("edges.txt");
        File.WriteAllText(path, edges);
        return ConvexProblem.Of(new SolveSpec { Name = "s", Peers = 4, Shards = "iid", Topology = "file", TopologyFile = path }, new SolveRuntime());
    }
}
