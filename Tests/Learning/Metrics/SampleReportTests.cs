using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class SampleReportTests : IClassFixture<SampleReportTests.Fixture>
{
    private readonly Fixture _fixture;

    public SampleReportTests(Fixture fixture) => _fixture = fixture;

    private static FeatureSet Images(int count, int seed, int classes = Blobs.Classes) => new(Blobs.Draw(count, seed, classes: classes).Images, 256);

    [Fact]
    public void Fresh_real_images_reach_the_floor_and_cover_all_classes()
    {
        SampleReport report = _fixture.Reference.Report(Images(200, seed: 5));
        Assert.InRange(report.FrechetDistance, 0.2 * report.FrechetFloor, 5 * report.FrechetFloor);
        Assert.InRange(report.PrecisionRecall.Precision, 0.7, 1);
        Assert.InRange(report.PrecisionRecall.Recall, 0.7, 1);
        Assert.InRange(report.Memorisation.ShareBelow, 0, 0.2);
        Assert.InRange(report.ConfidentShare, 0.9, 1);
        Assert.Equal((4, 4), (report.ClassesCovered, report.Classes));
        Assert.True(report.TestAccuracy > 0.95);
    }

    [Fact]
    public void Counts_stand_beside_the_numbers()
    {
        SampleReport report = _fixture.Reference.Report(Images(150, seed: 5));
        Assert.Equal((150, 400, 200, 150), (report.Samples, report.TrainingImages, report.TestImages, report.FrechetFloorImages));
        Assert.Equal((150, 150), (report.PrecisionRecall.Samples, report.PrecisionRecall.Real));
        Assert.Equal((150, 150, 400), (report.Memorisation.Samples, report.Memorisation.HeldOut, report.Memorisation.Training));
        Assert.Equal(_fixture.Network.Name, report.FeatureSpace);
        Assert.True(report.FrechetFloorDeviation > 0);
        SampleReport many = _fixture.Reference.Report(Images(300, seed: 5));
        Assert.Equal((200, 200, 0.0), (many.FrechetFloorImages, many.Memorisation.HeldOut, many.FrechetFloorDeviation));
    }

    [Fact]
    public void Missing_classes_show_in_distance_recall_and_coverage()
    {
        SampleReport good = _fixture.Reference.Report(Images(200, seed: 5));
        SampleReport half = _fixture.Reference.Report(Images(200, seed: 5, classes: 2));
        Assert.True(half.FrechetDistance > 5 * good.FrechetDistance);
        Assert.True(half.SlicedWasserstein > 2 * good.SlicedWasserstein);
        Assert.Equal(good.SlicedWassersteinFloor, half.SlicedWassersteinFloor);
        Assert.InRange(good.SlicedWasserstein, 0.3 * good.SlicedWassersteinFloor, 3 * good.SlicedWassersteinFloor);
        Assert.True(half.PrecisionRecall.Recall < good.PrecisionRecall.Recall - 0.2);
        Assert.Equal(2, half.ClassesCovered);
        Assert.Equal(good.FrechetFloor, half.FrechetFloor);
    }

    [Fact]
    public void Copies_of_training_images_have_a_low_distance_but_are_found()
    {
        SampleReport report = _fixture.Reference.Report(_fixture.Training.Choose(200, 1));
        Assert.True(report.FrechetDistance < 5 * report.FrechetFloor);
        Assert.Equal(1, report.Memorisation.ShareBelow);
        Assert.Equal(0, report.Memorisation.MedianSample);
    }

    [Fact]
    public void Copies_are_found_among_all_images_that_were_searched()
    {
        FeatureSet unknown = Images(300, seed: 7);
        FeatureSet samples = unknown.Choose(150, 1);
        Assert.InRange(_fixture.Reference.Report(samples).Memorisation.ShareBelow, 0, 0.2);
        var reference = new SampleReference(_fixture.Network, _fixture.Training, Images(200, seed: 2), searched: () => [_fixture.Training, unknown]);
        Memorisation found = reference.Report(samples).Memorisation;
        Assert.Equal((700, 1.0, 0.0), (found.Training, found.ShareBelow, found.MedianSample));
    }

    [Fact]
    public void Test_images_as_samples_are_as_confident_as_test_images()
    {
        SampleReport test = _fixture.Reference.Report(Images(200, seed: 2));
        Assert.Equal(test.ConfidentShareOfTest, test.ConfidentShare);
        SampleReport noise = _fixture.Reference.Report(Sets.Normal(200, 256, 1));
        Assert.NotEqual(noise.ConfidentShareOfTest, noise.ConfidentShare);
        Assert.Equal(test.ConfidentShareOfTest, noise.ConfidentShareOfTest);
    }

    [Fact]
    public void Noise_is_far_away()
    {
        SampleReport noise = _fixture.Reference.Report(Sets.Normal(200, 256, 1));
        Assert.True(noise.FrechetDistance > 20 * noise.FrechetFloor);
        Assert.InRange(noise.PrecisionRecall.Precision, 0, 0.2);
        Assert.Equal(0, noise.Memorisation.ShareBelow);
    }

    public sealed class Fixture : IDisposable
    {
        public Fixture()
        {
            (float[] images, int[] labels) = Blobs.Draw(400, seed: 1);
            Training = new FeatureSet(images, 256);
            Network = FeatureNetwork.Train(images, labels, new FeatureTraining { Channels = 1, Height = 16, Width = 16, Classes = 4, Seed = 1, Steps = 120, Batch = 32 });
            (float[] test, int[] testLabels) = Blobs.Draw(200, seed: 2);
            Reference = new SampleReference(Network, Training, new FeatureSet(test, 256), testLabels);
        }

        public FeatureNetwork Network { get; }

        public FeatureSet Training { get; }

        public SampleReference Reference { get; }

        public void Dispose() => Network.Dispose();
    }
}
