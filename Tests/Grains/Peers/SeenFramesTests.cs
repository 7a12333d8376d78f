using OrleansDDM.Grains.Peers;
using OrleansDDM.Protocols.Machines;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class SeenFramesTests
{
    [Fact]
    public void Frames_come_once_in_any_order_within_reach()
    {
        SeenFrames seen = new();
        for (int block = 0; block < 10; block++)
        {
            long[] numbers = [.. Enumerable.Range((block * SeenFrames.Reach) + 1, SeenFrames.Reach).Select(n => (long)n)];
            new CounterStream(1, "frames", (ulong)block).Shuffle(numbers.AsSpan());
            Assert.All(numbers, n => Assert.True(Takes(seen, 1, n)));
            Assert.All(numbers, n => Assert.False(Takes(seen, 1, n)));
        }

        Assert.All(Enumerable.Range(1, 10 * SeenFrames.Reach), n => Assert.False(Takes(seen, 1, n)));
    }

    [Fact]
    public void Lost_frames_make_no_difference_to_others()
    {
        SeenFrames seen = new();
        Assert.True(Takes(seen, 1, 5));
        Assert.True(Takes(seen, 1, long.MaxValue));
        Assert.True(Takes(seen, 1, 4));
        Assert.True(Takes(seen, 1, 6));
        Assert.False(Takes(seen, 1, long.MaxValue));
    }

    [Fact]
    public void Higher_term_begins_anew_and_ends_the_lower_one()
    {
        SeenFrames seen = new();
        Assert.True(Takes(seen, 2, 9));
        Assert.False(Takes(seen, 1, 10));
        Assert.True(Takes(seen, 3, 9));
        Assert.False(Takes(seen, 2, 11));
        Assert.False(Takes(seen, 3, 9));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, 0)]
    [InlineData(1, -5)]
    [InlineData(2, long.MinValue)]
    public void Terms_and_numbers_below_one_are_nobodys(long term, long number) => Assert.False(Takes(new SeenFrames(), term, number));

    private static bool Takes(SeenFrames seen, long term, long number)
    {
        bool isNew = seen.IsNew(term, number);
        if (isNew)
        {
            seen.Take(term, number);
        }

        return isNew;
    }
}
