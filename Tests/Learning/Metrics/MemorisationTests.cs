using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class MemorisationTests
{
    private static readonly FeatureSet Training = Sets.Normal(800, 10, 1);
    private static readonly FeatureSet HeldOut = Sets.Normal(400, 10, 2);

    [Fact]
    public void Find_gives_the_nearest_and_the_first_of_equals()
    {
        NearestNeighbour found = NearestNeighbour.Find(new FeatureSet([0, 0, 9, 9], 2), new FeatureSet([3, 4, 9, 9, 9, 9], 2));
        Assert.Equal([0, 1], found.Index);
        Assert.Equal([5.0, 0.0], found.Distance);
    }

    [Fact]
    public void Find_is_right_across_blocks()
    {
        FeatureSet references = Sets.Normal(50, 5000, 3);
        FeatureSet queries = Sets.Map(references, (value, j) => value + (j == 7 ? 0.25f : 0));
        NearestNeighbour found = NearestNeighbour.Find(queries, references);
        Assert.Equal(Enumerable.Range(0, 50), found.Index);
        Assert.All(found.Distance, distance => Assert.Equal(0.25, distance, 1e-5));
    }

    [Fact]
    public void Fresh_samples_are_below_the_threshold_about_as_often_as_held_out_images()
    {
        Memorisation report = Memorisation.Of(Sets.Normal(2000, 10, 3), HeldOut, Training);
        Assert.InRange(report.ShareBelow, 0.02, 0.09);

        // With twice as many training as held-out images two thirds have their neighbour among the former.
        Assert.InRange(report.NearerToTraining, 0.62, 0.71);
        Assert.Equal(report.MedianHeldOut, report.MedianSample, 0.1);
        Assert.Equal((2000, 400, 800, 0.05), (report.Samples, report.HeldOut, report.Training, report.Quantile));
    }

    [Fact]
    public void Planted_copies_are_found()
    {
        FeatureSet copies = Sets.Map(Training.Choose(100, 5), (value, _) => value + 0.01f);
        FeatureSet fresh = Sets.Map(Sets.Normal(100, 10, 6), (value, _) => value * 3);
        Assert.Equal(1, Memorisation.Of(copies, HeldOut, Training).ShareBelow);
        Assert.InRange(Memorisation.Of(Sets.Join(copies, fresh), HeldOut, Training).ShareBelow, 0.5, 0.52);
        Assert.Equal(1, Memorisation.Of(copies, HeldOut, Training).NearerToTraining);
    }

    [Fact]
    public void Threshold_is_the_quantile_of_the_held_out_distances()
    {
        // Held-out distances to training 0: 1, 2, 3, 4, 5; the median is 3, and 2 of 4 samples are nearer than 3.
        Memorisation report = Memorisation.Of(Sets.Line(0.5f, 2.9f, 3, 8), Sets.Line(1, 2, 3, 4, 5), Sets.Line(0), quantile: 0.5);
        Assert.Equal((3.0, 0.5), (report.Threshold, report.ShareBelow));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Quantiles_outside_0_to_1_are_refused(double quantile) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Memorisation.Of(HeldOut, HeldOut, Training, quantile));

    [Fact]
    public void Choose_takes_each_vector_at_most_once_and_is_seeded()
    {
        FeatureSet set = Sets.Line([.. Enumerable.Range(0, 100).Select(i => (float)i)]);
        float[] chosen = set.Choose(60, 9).Values;
        Assert.Equal(60, chosen.Distinct().Count());
        Assert.Equal(chosen, set.Choose(60, 9).Values);
        Assert.NotEqual(chosen, set.Choose(60, 10).Values);
        Assert.Same(set, set.Choose(100, 9));
    }
}
