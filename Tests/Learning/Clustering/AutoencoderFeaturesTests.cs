using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

using TorchSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Clustering;

public class AutoencoderFeaturesTests
{
    private static readonly AutoencoderOptions Options = new() { Dimensions = 6, Steps = 60, Batch = 32, Seed = 4 };
    private static readonly ImageDataset Data = ShapesGenerator.Create(6, "train", 400, 9, true);

    [Fact]
    public void The_same_seed_gives_the_same_code_however_images_are_spread()
    {
        AutoencoderFeatures pool = AutoencoderFeatures.Fit([Data], Options);
        AutoencoderFeatures shards = AutoencoderFeatures.Fit(Shards.Split(Data, 3), Options);
        Assert.Equal(pool.ExtractAll(Data), shards.ExtractAll(Data));
        Assert.NotEqual(pool.ExtractAll(Data), AutoencoderFeatures.Fit([Data], Options with { Seed = 5 }).ExtractAll(Data));
        Assert.All(pool.ExtractAll(Data), v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void An_image_s_code_does_not_depend_on_its_neighbours()
    {
        AutoencoderFeatures features = AutoencoderFeatures.Fit([Data], Options with { Steps = 5 });
        float[] all = features.ExtractAll(Data);
        var some = new float[70 * 6];
        features.Extract(Data, 133, some);
        Assert.Equal(all[(133 * 6)..(203 * 6)], some);
    }

    [Fact]
    public void Training_beats_the_mean_image()
    {
        AutoencoderFeatures features = AutoencoderFeatures.Fit([Data], Options with { Steps = 200 });
        var image = new float[Data.ImageSize];
        var sum = new double[Data.ImageSize];
        double square = 0;
        for (int i = 0; i < Data.Count; i++)
        {
            Data.CopyNormalized(i, image);
            for (int p = 0; p < image.Length; p++)
            {
                sum[p] += image[p];
                square += (double)image[p] * image[p];
            }
        }

        double variance = (square / Data.Count / sum.Length) - sum.Average(s => s / Data.Count * (s / Data.Count));
        Assert.True(features.FinalLoss < 0.5 * variance, $"loss {features.FinalLoss}, variance {variance}");
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        AutoencoderFeatures features = AutoencoderFeatures.Fit([Data], Options with { Steps = 3 });
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        features = AutoencoderFeatures.Fit([Data], Options with { Steps = 30 });
        _ = features.ExtractAll(Data);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Clustering_on_codes_is_stored_and_read_back()
    {
        ClusteringResult result = Clusterer.Run(new ClusteringSpec { Features = "autoencoder", Dimensions = 4, FineCentroids = 16 }, 3, 1, Data);
        ClusteringResult read = ClusteringResult.FromState(ClusteringState.FromJson(result.ToState().ToJson()));
        Assert.Equal(result.Assignments, read.AssignNew(Data));
        FeatureState state = result.Features!.ToState();
        Assert.Throws<DatasetException>(() => FeatureExtractors.FromState(state with { Sizes = [3, 9, 9, 5] }));
    }
}
