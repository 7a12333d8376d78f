using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Learning.Data;

public class ImageDatasetTests
{
    private static ImageDataset Make() => new("x", "train", 1, 1, 2, [0, 255, 51, 102, 7, 8], [0, 1, 1], ["a", "b"]);

    [Fact]
    public void CopyNormalized_maps_bytes_to_minus_one_to_one()
    {
        Span<float> values = stackalloc float[2];
        Make().CopyNormalized(0, values);
        Assert.Equal([-1f, 1f], values.ToArray());
        Make().CopyNormalized(1, values);
        Assert.Equal(-0.6f, values[0], 6);
        Assert.Equal(-0.2f, values[1], 6);
    }

    [Fact]
    public void Subset_keeps_order_labels_and_ids()
    {
        ImageDataset subset = Make().Subset([2, 0], "validation").Subset([1, 0]);
        Assert.Equal("validation", subset.Split);
        Assert.Equal([0, 255, 7, 8], subset.Pixels.ToArray());
        Assert.Equal([0, 1], subset.Labels.ToArray());
        Assert.Equal([0L, 2L], subset.Ids.ToArray());
    }

    [Fact]
    public void Rows_by_rank_are_a_random_choice_that_depends_on_ids_alone()
    {
        var sorted = new ImageDataset("x", "train", 1, 1, 1, new byte[1000], [.. Enumerable.Range(0, 1000).Select(i => i / 100)]);
        int[] rows = sorted.RowsByRank(200, seed: 1);
        Assert.Equal(200, rows.Distinct().Count());
        Assert.All(rows.GroupBy(row => sorted.Labels.Span[row]), c => Assert.InRange(c.Count(), 8, 36));
        Assert.Equal(10, rows.Select(row => sorted.Labels.Span[row]).Distinct().Count());
        Assert.Equal(rows.Take(50), sorted.RowsByRank(50, seed: 1));
        Assert.NotEqual(rows, sorted.RowsByRank(200, seed: 2));
        ImageDataset turned = sorted.Subset([.. Enumerable.Range(0, 1000).Reverse()]);
        Assert.Equal(rows, turned.RowsByRank(200, seed: 1).Select(row => 999 - row));
        int[] odd = [.. Enumerable.Range(0, 500).Select(i => (2 * i) + 1)];
        Assert.Equal(sorted.RowsByRank(1000, 1).Where(row => row % 2 == 1).Take(7), sorted.RowsByRank(7, seed: 1, odd));
        Assert.Equal(1000, sorted.RowsByRank(5000, seed: 1).Length);
        Assert.Empty(sorted.RowsByRank(0, seed: 1));
    }

    [Fact]
    public void Hash_changes_with_pixels_labels_and_shape_but_not_with_names()
    {
        byte[] pixels = [1, 2, 3, 4];
        string hash = new ImageDataset("a", "train", 1, 2, 2, pixels).Hash;
        Assert.Equal(64, hash.Length);
        Assert.Equal(hash, new ImageDataset("b", "test", 1, 2, 2, pixels).Hash);
        Assert.NotEqual(hash, new ImageDataset("a", "train", 1, 1, 4, pixels).Hash);
        Assert.NotEqual(hash, new ImageDataset("a", "train", 1, 2, 2, [1, 2, 3, 5]).Hash);
        Assert.NotEqual(hash, new ImageDataset("a", "train", 1, 2, 2, pixels, [0]).Hash);
    }

    [Fact]
    public void Wrong_sizes_and_labels_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ImageDataset("a", "train", 2, 1, 1, [1, 2]));
        Assert.Throws<ArgumentException>(() => new ImageDataset("a", "train", 1, 2, 2, [1, 2, 3]));
        Assert.Throws<ArgumentException>(() => new ImageDataset("a", "train", 1, 1, 1, [1], [2], ["one", "two"]));
        Assert.Throws<ArgumentException>(() => new ImageDataset("a", "train", 1, 1, 1, [1], [-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Make().Subset([3]));
        Assert.Throws<ArgumentException>(() => Make().CopyNormalized(0, new float[3]));
    }
}
