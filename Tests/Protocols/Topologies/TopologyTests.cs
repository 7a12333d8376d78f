using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Topologies;

public sealed class TopologyTests
{
    public static TheoryData<string> Kinds => [.. TopologyPlan.Kinds.Where(k => k != "file")];

    [Theory]
    [InlineData("complete", 4.50, 4.50)]
    [InlineData("star", 9.00, 4.50)]
    [InlineData("ring", 26.2, 4.50)]
    [InlineData("barbell", 70.4, 10.5)]
    public void Chi_of_ten_nodes_is_that_of_the_notes(string kind, double chi1, double chi2)
    {
        (double one, double two) = Spectrum.Chi(new TopologyPlan { Kind = kind }.Graph(10));

        Assert.Equal(chi1, one, 0.05);
        Assert.Equal(chi2, two, 0.005);
    }

    [Fact]
    public void Chi_of_the_three_by_three_grid_is_that_of_the_notes()
    {
        (double one, double two) = Spectrum.Chi(Graphs.Grid(3, 3));

        Assert.Equal(12.0, one, 1e-9);
        Assert.Equal(4.25, two, 1e-9);
    }

    [Theory]
    [InlineData("ring", 20, 0.967)]
    [InlineData("ring", 100, 0.9987)]
    [InlineData("exponential", 20, 0.556)]
    [InlineData("complete", 20, 0)]
    public void Second_eigenvalue_is_that_of_the_notes(string kind, int count, double lambda) =>
        Assert.Equal(lambda, Spectrum.SecondEigenvalue(Spectrum.MixingMatrix(new TopologyPlan { Kind = kind }.Mixing(count))), 0.0005);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_mixing_is_doubly_stochastic_and_its_receivers_match_its_rows(string kind)
    {
        const int count = 25;
        IMixingSchedule mixing = new TopologyPlan { Kind = kind, Seed = 3 }.Mixing(count);
        for (long round = 0; round < 7; round++)
        {
            var matrix = Spectrum.MixingMatrix(mixing, round);
            Assert.All(matrix.RowSums(), s => Assert.Equal(1, s, 1e-12));
            Assert.All(matrix.ColumnSums(), s => Assert.Equal(1, s, 1e-12));
            Assert.True(matrix.Enumerate().Min() >= 0);
            for (int i = 0; i < count; i++)
            {
                int[] readers = [.. Enumerable.Range(0, count).Where(j => j != i && matrix[j, i] > 0)];
                Assert.Equal(readers, mixing.Receivers(i, round).Order());
            }
        }
    }

    [Fact]
    public void Families_have_their_degrees()
    {
        Assert.All(Degrees(Graphs.Ring(9)), d => Assert.Equal(2, d));
        Assert.All(Degrees(Graphs.Grid(4, 4, torus: true)), d => Assert.Equal(4, d));
        Assert.All(Degrees(Graphs.RandomRegular(30, 5, 1)), d => Assert.Equal(5, d));
        Assert.Equal(2 * (50 - 2), Graphs.BarabasiAlbert(50, 2, 1).Edges.Count());
        Assert.True(Graphs.SmallWorld(40, 2, 0.3, 1).Edges.Count() > 80);
        Assert.True(Graphs.RandomRegular(30, 5, 1).IsConnected);
        Assert.Equal(Graphs.BarabasiAlbert(50, 2, 1).Edges, Graphs.BarabasiAlbert(50, 2, 1).Edges);
        Assert.NotEqual(Graphs.BarabasiAlbert(50, 2, 1).Edges, Graphs.BarabasiAlbert(50, 2, 2).Edges);
    }

    [Theory]
    [InlineData(40, 2)]
    [InlineData(40, 3)]
    [InlineData(40, 19)]
    [InlineData(40, 20)]
    [InlineData(41, 38)]
    [InlineData(100, 60)]
    [InlineData(100, 99)]
    [InlineData(1000, 2)]
    public void Random_regular_graphs_of_any_density_come_at_once(int count, int degree)
    {
        for (ulong seed = 0; seed < 5; seed++)
        {
            Topology graph = Graphs.RandomRegular(count, degree, seed);

            Assert.All(Degrees(graph), d => Assert.Equal(degree, d));
            Assert.True(graph.IsConnected);
        }
    }

    [Fact]
    public void Torus_of_any_product_is_four_regular()
    {
        Topology graph = new TopologyPlan { Kind = "torus" }.Graph(32);

        Assert.All(Degrees(graph), d => Assert.Equal(4, d));
    }

    [Fact]
    public void Star_without_its_hub_falls_apart_and_a_ring_without_two_in_halves()
    {
        Assert.Equal(9, Graphs.Star(10).Components(new HashSet<int> { 0 }).Count);
        Assert.Equal([4, 4], Graphs.Ring(10).Components(new HashSet<int> { 0, 5 }).Select(c => c.Count));
        Assert.Equal([0], Graphs.Star(10).Hubs(1));
        Assert.False(Graphs.Star(10).Without(new HashSet<int> { 0 }).IsConnected);
    }

    [Fact]
    public void Hubs_of_a_scale_free_graph_carry_its_connection()
    {
        Topology graph = Graphs.BarabasiAlbert(50, 2, 1);
        HashSet<int> hubs = [.. graph.Hubs(10)];
        HashSet<int> leaves = [.. Enumerable.Range(0, 50).OrderBy(graph.Degree).Take(10)];

        Assert.True(graph.Components(hubs)[0].Count < 32);
        Assert.Equal(40, graph.Components(leaves)[0].Count);
    }

    [Fact]
    public void Edge_list_is_read_and_its_faults_are_named()
    {
        Topology graph = Topology.Read(new StringReader("# three\n0 1\n1,2\n\n2\t0 # closes\n"));
        Assert.Equal([(0, 1), (0, 2), (1, 2)], graph.Edges);
        Assert.Contains("Line 2", Assert.Throws<FormatException>(() => Topology.Read(new StringReader("0 1\n1 1\n"))).Message);
        Assert.Contains("Line 1", Assert.Throws<FormatException>(() => Topology.Read(new StringReader("0 x\n"))).Message);
    }

    [Fact]
    public void Plan_reads_its_edge_list_from_a_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "0 1\n1 2\n2 3\n");
            TopologyPlan plan = new() { Kind = "file", File = path };
            Assert.Equal([(0, 1), (1, 2), (2, 3)], plan.Graph(4).Edges);
            Assert.Equal([1, 3], plan.Mixing(4).Receivers(2, 0).Order());
            Assert.Equal("topology.file has 4 nodes, but there are 5 peers", Assert.Throws<SpecException>(() => plan.Graph(5)).Message.TrimEnd('.'));
            File.WriteAllText(path, "0 1\n1 1\n");
            Assert.Contains("Line 2", Assert.Throws<SpecException>(() => plan.Graph(4)).Message);
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Contains(path, Assert.Throws<SpecException>(() => new TopologyPlan { Kind = "file", File = path }.Graph(4)).Message);
    }

    [Theory]
    [InlineData("moebius", 10)]
    [InlineData("torus", 11)]
    [InlineData("file", 10)]
    [InlineData("random-regular", 4)]
    public void Impossible_plan_is_an_error_of_the_spec(string kind, int count) =>
        Assert.Throws<SpecException>(() => new TopologyPlan { Kind = kind }.Graph(count));

    [Fact]
    public void Facts_of_a_ring_are_those_of_the_notes_and_parts_and_changing_mixings_have_fewer()
    {
        TopologyFacts ring = TopologyFacts.Of(new TopologyPlan { Kind = "ring" }, 10);
        TopologyFacts parts = TopologyFacts.Of(new TopologyPlan { Kind = "random-geometric", Radius = 0.01, Seed = 1 }, 10);
        TopologyFacts onePeer = TopologyFacts.Of(new TopologyPlan { Kind = "one-peer-exponential" }, 16);

        // λ = 1/3 + 2/3 cos(2π/n).
        Assert.Equal((10, 10, 1), (ring.Nodes, ring.Edges, ring.Components));
        Assert.Equal((1.0 / 3) + (2.0 / 3 * Math.Cos(Math.PI / 5)), ring.SecondEigenvalue!.Value, 1e-9);
        Assert.Equal(1 - ring.SecondEigenvalue.Value, ring.SpectralGap!.Value, 1e-12);
        Assert.Equal((26.2, 4.5), (Math.Round(ring.Chi1!.Value, 1), Math.Round(ring.Chi2!.Value, 2)));
        Assert.Equal((0, 10), (parts.Edges, parts.Components));
        Assert.Equal((2, 2, 0, 0), (ring.LeastDegree, ring.MostDegree, parts.LeastDegree, parts.MostDegree));
        Assert.Equal(0, parts.SpectralGap!.Value, 1e-9);
        Assert.Null(parts.Chi1);
        Assert.Null(onePeer.SpectralGap);
        Assert.NotNull(onePeer.Chi2);
        Assert.Null(TopologyFacts.Of(new TopologyPlan { Kind = "ring" }, TopologyFacts.MostNodes + 1).SpectralGap);
    }

    private static IEnumerable<int> Degrees(Topology graph) => Enumerable.Range(0, graph.Count).Select(graph.Degree);
}
