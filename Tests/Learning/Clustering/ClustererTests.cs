using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Clustering;

public class ClustererTests
{
    private static readonly ClusteringSpec Spec = new() { Dimensions = 8, FineCentroids = 64 };

    private static ImageDataset Shapes(int count, string split = "train") => ShapesGenerator.Create(6, split, count, 8, false);

    [Theory]
    [InlineData("features", 1)]
    [InlineData("features", 3)]
    [InlineData("features", 7)]
    [InlineData("random", 3)]
    public void Shards_give_the_pool_s_clusters(string method, int shards)
    {
        ImageDataset pool = Shapes(900);
        ClusteringResult expected = Clusterer.Run(Spec with { Method = method }, 4, 9, pool);
        IReadOnlyList<ImageDataset> parts = Shards.Split(pool, shards);
        ClusteringResult actual = Clusterer.Run(Spec with { Method = method }, 4, 9, parts);
        Assert.Equal(expected.CoarseCentroids.Select(BitConverter.SingleToInt32Bits), actual.CoarseCentroids.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(expected.FineCentroids, actual.FineCentroids);
        long[] ids = [.. parts.SelectMany(p => p.Ids.ToArray())];
        Assert.Equal(ids.Select(id => expected.Assignments[(int)id]), actual.Assignments);
        Assert.Equal(expected.Sizes, actual.Sizes);
    }

    [Fact]
    public void Two_stages_recover_separated_blobs()
    {
        // Three patterns with little noise; fine centroids split each, the coarse stage joins them again.
        var random = new Random(3);
        byte[] pixels = new byte[600 * 16];
        int[] labels = new int[600];
        for (int i = 0; i < 600; i++)
        {
            labels[i] = i % 5 == 0 ? 2 : i % 2;
            for (int p = 0; p < 16; p++)
            {
                bool bright = labels[i] switch { 0 => p < 8, 1 => p % 2 == 0, _ => p % 8 > 3 };
                pixels[(i * 16) + p] = (byte)((bright ? 180 : 40) + random.Next(30));
            }
        }

        var data = new ImageDataset("blobs", "train", 1, 4, 4, pixels, labels);
        ClusteringResult result = Clusterer.Run(Spec with { FineCentroids = 40 }, 3, 1, data);
        Assert.Equal(3, result.LabelTable!.Count(row => row.Count(n => n > 0) == 1));
        Assert.Equal([120L, 240L, 240L], result.Sizes.Order());
        Assert.Equal(result.Sizes.Select(s => s / 600.0), result.Priors);
    }

    [Fact]
    public void Families_of_shapes_are_told_apart_without_labels()
    {
        ImageDataset data = ShapesGenerator.Create(1, "train", 1500, 16, false);
        ClusteringResult result = Clusterer.Run(new ClusteringSpec(), 4, 1, data);
        int[] families = [.. data.Labels.ToArray().Select(l => l < 4 ? 0 : l < 8 ? 1 : 2)];
        int pure = Enumerable.Range(0, 4).Sum(k => Enumerable.Range(0, 3).Max(f => Enumerable.Range(0, data.Count).Count(i => result.Assignments[i] == k && families[i] == f)));
        Assert.True(pure > 0.8 * data.Count, $"purity {pure / (double)data.Count}");
        Assert.True(result.Sizes.Min() > 100);
    }

    [Fact]
    public void Training_images_get_their_own_cluster_again_and_new_ones_a_near_one()
    {
        ImageDataset train = Shapes(500);
        foreach (string method in (string[])["features", "random"])
        {
            ClusteringResult result = Clusterer.Run(Spec with { Method = method }, 4, 2, train);
            Assert.Equal(result.Assignments, result.AssignNew(train));
            Assert.Equal(result.Assignments.Take(100), result.AssignNew(Shapes(100)));
            Assert.All(result.AssignNew(Shapes(50, "test")), k => Assert.InRange(k, 0, 3));
        }
    }

    [Fact]
    public void Random_clusters_are_even_and_ignore_the_class()
    {
        ImageDataset data = Shapes(4000);
        ClusteringResult result = Clusterer.Run(Spec with { Method = "random" }, 4, 2, data);
        Assert.All(result.Sizes, s => Assert.InRange(s, 880, 1120));
        Assert.All(result.LabelTable!, row => Assert.All(row, n => Assert.InRange(n, 45, 130)));
    }

    [Fact]
    public void One_cluster_holds_everything()
    {
        ClusteringResult result = Clusterer.Run(Spec, 1, 2, Shapes(20));
        Assert.Equal(("single", 1), (result.Method, result.Clusters));
        Assert.Equal([20L], result.Sizes);
        Assert.Equal([1.0], result.Priors);
        Assert.All(result.AssignNew(Shapes(5, "test")), k => Assert.Equal(0, k));
    }

    [Theory]
    [InlineData("features", 4)]
    [InlineData("random", 4)]
    [InlineData("features", 1)]
    public void A_stored_result_is_the_same(string method, int clusters)
    {
        ImageDataset data = Shapes(300);
        ClusteringResult result = Clusterer.Run(Spec with { Method = method }, clusters, ulong.MaxValue, data);
        string json = result.ToState().ToJson();
        ClusteringResult read = ClusteringResult.FromState(ClusteringState.FromJson(json));
        Assert.Equal(json, read.ToState().ToJson());
        Assert.Equal(result.Sizes, read.Sizes);
        Assert.Equal(result.AssignNew(Shapes(80, "test")), read.AssignNew(Shapes(80, "test")));
    }

    [Fact]
    public void A_damaged_store_is_refused()
    {
        ClusteringState state = Clusterer.Run(Spec, 3, 1, Shapes(200)).ToState();
        ClusteringState[] damaged =
        [
            state with { Clusters = 2 },
            state with { Assignments = [0, 3] },
            state with { CoarseCentroids = state.CoarseCentroids[1..] },
            state with { Features = null },
            state with { Method = "other" },
            state with { Features = state.Features! with { Kind = "other" } },
        ];
        Assert.All(damaged, d => Assert.Throws<DatasetException>(() => ClusteringResult.FromState(d)));
        Assert.Throws<DatasetException>(() => ClusteringState.FromJson("{}"));
        Assert.Throws<DatasetException>(() => ClusteringState.FromJson(state.ToJson()[..50]));
    }

    [Fact]
    public void Too_few_distinct_images_are_an_error_that_says_so()
    {
        var same = new ImageDataset("same", "train", 1, 2, 2, new byte[40]);
        Assert.Contains("fewer experts", Assert.Throws<DatasetException>(() => Clusterer.Run(Spec, 4, 1, same)).Message, StringComparison.Ordinal);
    }
}
