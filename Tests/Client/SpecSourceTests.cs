using OrleansDDM.Client.Runs;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class SpecSourceTests
{
    public static TheoryData<string> Protocols => [.. IslandsSpec.Protocols];

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Topology_of_the_command_line_is_refused_for_protocols_without_a_graph_and_that_of_a_spec_is_not(string protocol)
    {
        RunSpec preset = Presets.Demo with { Islands = new IslandsSpec { Peers = 4, Protocol = protocol, Topology = "ring" } };
        RunSpec Read(params string[] overrides) => SpecSource.Read(preset, null, overrides, null, null);

        Assert.Equal("ring", Read().Islands.Topology);
        if (protocol is "dpsgd" or "decavg" or "dfedsam" or "diloco")
        {
            Assert.Equal("star", Read("islands.topology=star").Islands.Topology);
        }
        else
        {
            Assert.Equal("islands.topology", Assert.Throws<SpecException>(() => Read("islands.topology=star")).Key);
        }
    }
}
