using OrleansDDM.Protocols.Shards;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Shards;

public sealed class ShardFileTests
{
    // Sample 3 was held out.
    private static readonly long[] Ids = [0, 1, 2, 4, 5];

    [Fact]
    public void Lists_and_ranges_are_dealt_out_and_held_out_samples_are_passed_over()
    {
        int[][] shards = ShardFile.Read(new StringReader("# lists\n5, 0\n\n1-4\n"), 2, Ids);
        Assert.Equal([[0, 4], [1, 2, 3]], shards);
        Assert.Equal(shards, ShardFile.Read(new StringReader("0\t5 900000000\n4 2-3,1\n"), 2, Ids));
    }

    [Theory]
    [InlineData("0 1 2\n2 4 5", "Line 2 gives sample 2 to peer 1, but peer 0 has it")]
    [InlineData("0 1 0\n2 4 5", "that line has it already")]
    [InlineData("0 1\n4 5", "Nobody has sample 2, the first of 1")]
    [InlineData("0-5", "lines for 1 peers, but the run has 2")]
    [InlineData("0-2\n4\n5", "Line 3 is one too many")]
    [InlineData("0-5\n3", "The line of peer 1 names no training sample")]
    [InlineData("0-2\n4 x", "Line 2: 'x'")]
    [InlineData("0-2\n5-4", "'5-4'")]
    [InlineData("0-2\n-1 4 5", "'-1'")]
    [InlineData("0-2\n4-99999999999999999999", "neither a sample's number nor a range")]
    public void Bad_files_are_refused_with_the_place_and_the_rule(string text, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => ShardFile.Read(new StringReader(text), 2, Ids)).Message, StringComparison.Ordinal);

    [Fact]
    public void Huge_ranges_take_no_time()
    {
        Assert.Equal([[0, 1, 2, 3, 4]], ShardFile.Read(new StringReader("0-9999999999"), 1, Ids));
    }
}
