using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Specs;

public sealed class SolveSpecTests
{
    [Fact]
    public void Canonical_form_reads_back_to_the_same_spec_and_hash()
    {
        var spec = new SolveSpec { Name = "x", Seed = ulong.MaxValue, Data = new DataSpec { Name = "mnist", Limit = 7 }, Peers = 3, Ridge = 0.1 + 0.2, Topology = "star" };
        Assert.Equal(spec, SolveSpec.Read(spec.ToJson()));
        Assert.Equal(spec.Hash(), SolveSpec.Read(spec.ToJson()).Hash());
        Assert.NotEqual(spec.Hash(), (spec with { Ridge = 0.3 }).Hash());
        Assert.Equal(new SolveSpec(), SolveSpec.Read("{}"));
    }

    [Fact]
    public void Keys_that_are_not_used_do_not_change_the_hash_that_older_versions_stored()
    {
        Assert.DoesNotContain("topology", new SolveSpec().ToJson().Replace("\"topology\":", string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
        string[] hashes =
        [
            new SolveSpec().Hash(), new SolveSpec { TopologyDegree = 3 }.Hash(), new SolveSpec { TopologyRadius = 0.5 }.Hash(),
            new SolveSpec { Topology = "file", TopologyFile = "edges.txt" }.Hash(), new SolveSpec { Topology = "file", TopologyFile = "other.txt" }.Hash(),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Theory]
    [InlineData("peers", "1")]
    [InlineData("peers", "257")]
    [InlineData("ridge", "0")]
    [InlineData("ridge", "1e4")]
    [InlineData("accuracy", "0")]
    [InlineData("accuracy", "1e7")]
    [InlineData("gradients", "0")]
    [InlineData("unitSeconds", "-1")]
    [InlineData("alpha", "0")]
    [InlineData("classesPerPeer", "0")]
    [InlineData("topology", "\"torsu\"")]
    [InlineData("topology", "null")]
    [InlineData("topology", "\"one-peer-exponential\"")]
    [InlineData("topology", "\"file\"")]
    [InlineData("topologyFile", "\"edges.txt\"")]
    [InlineData("topologyDegree", "0")]
    [InlineData("topologyDegree", "256")]
    [InlineData("topologyRadius", "0")]
    [InlineData("topologyRadius", "3")]
    [InlineData("shards", "\"file\"")]
    [InlineData("rates", "\"best\"")]
    [InlineData("name", "\"../x\"")]
    [InlineData("data", "null")]
    [InlineData("seeds", "1")]
    [InlineData("peers", "\"many\"")]
    public void Values_out_of_range_and_unknown_keys_are_refused_by_name(string key, string value)
    {
        SpecException e = Assert.Throws<SpecException>(() => SolveSpec.Read($"{{\"{key}\": {value}}}"));
        Assert.Contains(key, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_of_a_solve_has_the_ranges_of_a_run()
    {
        Assert.Equal("data.limit", Assert.Throws<SpecException>(() => SolveSpec.Read("{\"data\": {\"limit\": -1}}")).Key);
        Assert.Throws<SpecException>(() => SolveSpec.Read("no"));
    }
}
