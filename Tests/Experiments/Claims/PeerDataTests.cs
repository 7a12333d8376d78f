using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>Who holds which images.</summary>
public sealed class PeerDataTests
{
    private static readonly PeerDataPlan Plan = new() { Data = "shapes", Peers = 8, Images = 800, TestImages = 50 };

    [Fact]
    public void Every_image_belongs_to_one_peer()
    {
        using PeerData data = PeerData.Load(Plan, new DatasetCatalog([]), 1);
        Assert.Equal(Enumerable.Range(0, 800), data.Shards.SelectMany(s => s).Order());
        Assert.Equal(50, data.Test.Count);
    }

    [Fact]
    public void Skewed_shards_hold_unlike_classes_and_are_cut_to_one_size()
    {
        using PeerData even = PeerData.Load(Plan, new DatasetCatalog([]), 1);
        using PeerData skewed = PeerData.Load(Plan with { Alpha = 0.1, ImagesPerPeer = 40 }, new DatasetCatalog([]), 1);
        Assert.All(skewed.Shards, shard => Assert.Equal(40, shard.Length));
        Assert.True(skewed.Shards.Average(s => LargestShare(skewed, s)) > 2 * even.Shards.Average(s => LargestShare(even, s)));
    }

    [Fact]
    public void Label_noise_changes_that_share_of_the_training_labels_only()
    {
        using PeerData clean = PeerData.Load(Plan, new DatasetCatalog([]), 1);
        using PeerData noisy = PeerData.Load(Plan with { LabelNoise = 0.3 }, new DatasetCatalog([]), 1);
        double changed = clean.Train.Labels.ToArray().Zip(noisy.Train.Labels.ToArray()).Count(l => l.First != l.Second) / 800.0;
        Assert.InRange(changed, 0.25, 0.35);
        Assert.Equal(clean.Test.Labels.ToArray(), noisy.Test.Labels.ToArray());
    }

    [Fact]
    public void Wrong_labels_are_noise_to_peers_of_one_class_too()
    {
        PeerDataPlan plan = Plan with { Alpha = 0.01 };
        using PeerData clean = PeerData.Load(plan, new DatasetCatalog([]), 1);
        using PeerData noisy = PeerData.Load(plan with { LabelNoise = 0.3 }, new DatasetCatalog([]), 1);
        Assert.Equal(clean.Shards, noisy.Shards);
        int[][] pure = [.. noisy.Shards.Where(shard => shard.Length >= 50 && LargestShare(clean, shard) > 0.98)];
        Assert.NotEmpty(pure);
        Assert.InRange(1 - pure.Average(shard => LargestShare(noisy, shard)), 0.25, 0.35);
    }

    [Fact]
    public void Data_without_classes_is_refused_by_name()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ddm-claims-");
        try
        {
            DatasetException e = Assert.Throws<DatasetException>(() =>
                PeerData.Load(Plan with { Data = folder.FullName }, new DatasetCatalog([]), 1));
            Assert.Contains(folder.FullName, e.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static double LargestShare(PeerData data, int[] shard) =>
        shard.GroupBy(i => data.Train.Labels[i]).Max(g => g.Count()) / (double)shard.Length;
}
