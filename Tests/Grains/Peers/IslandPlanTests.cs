using OrleansDDM.Grains.Islands;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class IslandPlanTests : IDisposable
{
    // Images 2 and 5 of the data set were held out.
    private static readonly IslandData Data = new([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 3, 4]);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_of_a_file_are_what_it_says()
    {
        IslandPlan expert = IslandPlan.Of(Spec("0-2\n3 4 5"), ModelRole.Expert(0), Data);
        Assert.Equal([0, 1], expert.Rows[0]);
        Assert.Single(expert.Rows);
        IslandPlan router = IslandPlan.Of(Spec("0-2\n3 4 5"), ModelRole.Router, Data);
        Assert.Equal([2, 3], router.Rows[1]);
    }

    [Fact]
    public void Digest_tells_whether_two_hosts_deal_out_alike()
    {
        string one = IslandPlan.Of(Spec("0-2\n3 4 5"), ModelRole.Router, Data).Digest;
        Assert.Equal(one, IslandPlan.Of(Spec("# the same\n0 1\n3-5"), ModelRole.Router, Data).Digest);
        Assert.NotEqual(one, IslandPlan.Of(Spec("0 3\n1 4"), ModelRole.Router, Data).Digest);
        Assert.Equal(64, one.Length);
    }

    [Theory]
    [InlineData("0-3\n3 4", "gives sample 3 to peer 1")]
    [InlineData("0\n1 4", "Nobody has sample 3")]
    [InlineData("0-5", "the run has 2")]
    public void Bad_files_name_the_key_the_file_and_the_rule(string text, string message)
    {
        RunSpec spec = Spec(text);
        SpecException e = Assert.Throws<SpecException>(() => IslandPlan.Of(spec, ModelRole.Router, Data));
        Assert.Equal("islands.shardsFile", e.Key);
        Assert.Contains(spec.Islands.ShardsFile, e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_is_not_there_is_named()
    {
        RunSpec spec = Spec("0-5\n");
        File.Delete(spec.Islands.ShardsFile);
        Assert.Contains("lists.txt", Assert.Throws<SpecException>(() => IslandPlan.Of(spec, ModelRole.Router, Data)).Message, StringComparison.Ordinal);
    }

    private RunSpec Spec(string text)
    {
        string path = _folder.File("lists.txt");
        File.WriteAllText(path, text);
        return new RunSpec
        {
            Experts = new ExpertsSpec { Count = 2 },
            Islands = new IslandsSpec { Peers = 2, Shards = "file", ShardsFile = path, MinSamples = 1 },
        };
    }
}
