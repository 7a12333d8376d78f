using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Learning.Data;

public class ShapesGeneratorTests
{
    [Theory]
    [InlineData(16, false)]
    [InlineData(9, true)]
    public void Image_i_does_not_depend_on_the_count(int size, bool colour)
    {
        ImageDataset few = ShapesGenerator.Create(3, "train", 10, size, colour);
        ImageDataset many = ShapesGenerator.Create(3, "train", 200, size, colour);
        Assert.Equal(few.Pixels.ToArray(), many.Pixels[..few.Pixels.Length].ToArray());
        Assert.Equal(few.Labels.ToArray(), many.Labels[..10].ToArray());
        Assert.Equal((colour ? 3 : 1, size, size), (many.Channels, many.Height, many.Width));
    }

    [Fact]
    public void The_bytes_are_the_same_everywhere() =>
        Assert.Equal("6ca7cb46f7339fde5d2e997b74fe5c1b7710b3c8a42e3c5a6e9ce01d6dd4bf46", ShapesGenerator.Create(1, "train", 500, 16, true).Hash);

    [Fact]
    public void Seed_and_split_give_other_images()
    {
        string[] hashes = [.. new[] { (1UL, "train"), (2UL, "train"), (1UL, "test") }.Select(k => ShapesGenerator.Create(k.Item1, k.Item2, 20, 16, false).Hash)];
        Assert.Equal(3, hashes.Distinct().Count());
    }

    [Fact]
    public void Every_class_occurs_about_equally_and_no_image_is_flat_or_repeated()
    {
        ImageDataset data = ShapesGenerator.Create(5, "train", 2400, 16, false);
        int[] sizes = [.. data.Labels.ToArray().GroupBy(l => l).Select(g => g.Count())];
        Assert.Equal(ShapesGenerator.ClassNames.Count, sizes.Length);
        Assert.All(sizes, s => Assert.InRange(s, 150, 250));
        var seen = new HashSet<string>();
        for (int i = 0; i < data.Count; i++)
        {
            byte[] image = data.Image(i).ToArray();
            Assert.True(image.Max() - image.Min() > 60, $"image {i} is flat");
            Assert.True(seen.Add(Convert.ToBase64String(image)), $"image {i} is a repetition");
        }
    }

    [Fact]
    public void Edges_are_smooth_a_disc_covers_its_area()
    {
        // The mean over many discs does not depend on the resolution when coverage is right.
        double Mean(int size)
        {
            ImageDataset data = ShapesGenerator.Create(9, "train", 600, size, false);
            int[] discs = [.. Enumerable.Range(0, data.Count).Where(i => data.Labels.Span[i] == 0)];
            return data.Subset(discs).Pixels.ToArray().Average(b => (double)b);
        }

        Assert.Equal(Mean(64), Mean(16), Mean(64) * 0.005);
    }

    [Fact]
    public void Sizes_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ShapesGenerator.Create(1, "train", 1, 7, false));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShapesGenerator.Create(1, "train", 1, 65, false));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShapesGenerator.Create(1, "train", 0, 16, false));
    }
}
