using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Learning.Clustering;

public class PcaFeaturesTests
{
    [Fact]
    public void Components_of_a_known_covariance_are_found()
    {
        // Four points 128 ± 60 along (3, 4)/5 and 128 ± 20 along (-4, 3)/5: variances 1800 and 200 exactly.
        ImageDataset data = new("x", "train", 1, 1, 2, [164, 176, 92, 80, 112, 140, 144, 116]);
        PcaFeatures pca = PcaFeatures.Fit(data, 2);
        double scale = 127.5 * 127.5;
        Assert.Equal(1800 / scale, pca.Variances[0], 1e-7);
        Assert.Equal(200 / scale, pca.Variances[1], 1e-7);

        // The entry of largest magnitude is positive: axes (0.6, 0.8) and (0.8, -0.6).
        float[] features = pca.ExtractAll(data);
        Assert.Equal(60 / 127.5, features[0], 1e-6);
        Assert.Equal(0, features[1], 1e-6);
        Assert.Equal(0, features[4], 1e-6);
        Assert.Equal(-20 / 127.5, features[5], 1e-6);
    }

    [Fact]
    public void Features_keep_squared_distances_when_all_components_are_kept()
    {
        ImageDataset data = ShapesGenerator.Create(1, "train", 300, 8, false);
        PcaFeatures pca = PcaFeatures.Fit(data, 64);
        float[] features = pca.ExtractAll(data);
        var a = new float[64];
        var b = new float[64];
        for (int i = 1; i < 50; i++)
        {
            data.CopyNormalized(i, a);
            data.CopyNormalized(0, b);
            double pixels = a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum();
            double coded = Enumerable.Range(0, 64).Sum(j => Math.Pow(features[(i * 64) + j] - features[j], 2));
            Assert.Equal(pixels, coded, 1e-4 * pixels);
        }
    }

    [Theory]
    [InlineData(16, false)]
    [InlineData(33, true)]
    public void Statistics_and_components_of_shards_equal_the_pool(int size, bool colour)
    {
        ImageDataset pool = ShapesGenerator.Create(2, "train", 530, size, colour);
        PcaStatistics whole = PcaStatistics.Of(pool);
        PcaStatistics sum = Shards.Split(pool, 7).Reverse().Select(PcaStatistics.Of).Aggregate((a, b) => a.Add(b));
        Assert.Equal(whole.Count, sum.Count);
        Assert.Equal(whole.Sum, sum.Sum);
        Assert.Equal(whole.Products, sum.Products);
        Assert.True(whole.Sum.Length <= 1024);
    }

    [Fact]
    public void Statistics_are_the_exact_sums()
    {
        ImageDataset data = ShapesGenerator.Create(2, "train", 300, 8, false);
        PcaStatistics statistics = PcaStatistics.Of(data);
        long expected = Enumerable.Range(0, 300).Sum(i => (long)data.Image(i)[9] * data.Image(i)[4]);
        Assert.Equal(expected, statistics.Products[(9 * 10 / 2) + 4]);
        Assert.Equal(Enumerable.Range(0, 300).Sum(i => (long)data.Image(i)[9]), statistics.Sum[9]);
    }

    [Fact]
    public void Stored_features_are_the_same()
    {
        ImageDataset data = ShapesGenerator.Create(2, "train", 100, 8, false);
        PcaFeatures pca = PcaFeatures.Fit(data, 5);
        Assert.Equal(pca.ExtractAll(data), FeatureExtractors.FromState(pca.ToState()).ExtractAll(data));
        FeatureState damaged = pca.ToState() with { Sizes = [1, 8, 9, 5] };
        Assert.Throws<DatasetException>(() => FeatureExtractors.FromState(damaged));
        Assert.Throws<ArgumentException>(() => pca.ExtractAll(ShapesGenerator.Create(2, "train", 10, 9, false)));
    }
}
