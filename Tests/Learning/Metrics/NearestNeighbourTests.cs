using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class NearestNeighbourTests
{
    [Fact]
    public void Parts_give_what_the_whole_gives()
    {
        FeatureSet queries = Sets.Normal(20, 5, 1);
        FeatureSet all = Sets.Normal(100, 5, 2);
        NearestNeighbour whole = NearestNeighbour.Find(queries, all);
        NearestNeighbour parts = NearestNeighbour.Find(queries, [Part(0, 33), Part(33, 34), Part(34, 100)]);
        Assert.Equal(whole.Index, parts.Index);
        Assert.Equal(whole.Distance, parts.Distance);
        Assert.Equal((100, 100), (whole.References, parts.References));
        Assert.Throws<ArgumentException>(() => NearestNeighbour.Find(queries, Array.Empty<FeatureSet>()));

        FeatureSet Part(int from, int to) => new(all.Values[(from * 5)..(to * 5)], 5);
    }
}
