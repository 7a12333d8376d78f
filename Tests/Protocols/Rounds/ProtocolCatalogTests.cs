using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class ProtocolCatalogTests
{
    private static readonly TopologyPlan InParts = new() { Kind = "random-geometric", Radius = 0.05 };

    [Fact]
    public void Dadao_on_a_graph_in_parts_is_refused_with_the_plan()
    {
        SimulationPlan plan = new() { Protocol = "dadao", Peers = 12, Topology = InParts };
        SpecException e = Assert.Throws<SpecException>(() => new Simulator(plan));
        Assert.Equal("topology", e.Key);
        Assert.Contains("'random-geometric' gives 12 peers in 12 parts", e.Message, StringComparison.Ordinal);
        Assert.Throws<SpecException>(() => SimulationPlan.Read(plan.Write()));
    }

    [Fact]
    public void Dadao_needs_two_peers() =>
        Assert.Throws<SpecException>(() => ProtocolCatalog.CheckTopology("dadao", new TopologyPlan { Kind = "complete" }, 1));

    [Fact]
    public void Other_protocols_and_connected_graphs_pass()
    {
        new SimulationPlan { Protocol = "dpsgd", Peers = 12, Topology = InParts }.Validate();
        new SimulationPlan { Protocol = "dadao", Peers = 12, Topology = new TopologyPlan { Kind = "ring" } }.Validate();
    }
}
