using OrleansDDM.Learning.Data;

namespace OrleansDDM.Tests.Learning.Clustering;

/// <summary>Spreads a pool over shards of unequal size; ids are kept.</summary>
internal static class Shards
{
    public static IReadOnlyList<ImageDataset> Split(ImageDataset pool, int shards) =>
        [.. Rows(pool.Count, shards).Select(r => pool.Subset(r))];

    public static IEnumerable<int[]> Rows(int count, int shards) =>
        Enumerable.Range(0, count).GroupBy(i => (int)((uint)(i * 2654435761u) % (uint)(shards * shards)) / shards).OrderBy(g => g.Key).Select(g => g.ToArray());
}
