using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class PrecisionRecallTests
{
    [Fact]
    public void Constructed_points_on_a_line_give_the_exact_shares()
    {
        // k = 1: each real point has radius 1. Of the samples 2 (the edge of 1) and 9 (the edge of 10) lie on the manifold.
        // The samples' radii are 0.5, 0.5, 6.5 and 3.5: 9 reaches 10 and 11, -1.5 reaches 0 and 1.
        PrecisionRecall result = PrecisionRecall.Of(Sets.Line(2, 2.5f, 9, -1.5f), Sets.Line(0, 1, 10, 11), neighbours: 1);
        Assert.Equal((0.5, 1.0), (result.Precision, result.Recall));
        Assert.Equal((4, 4, 1), (result.Samples, result.Real, result.Neighbours));
    }

    [Fact]
    public void Samples_of_one_of_two_modes_are_precise_and_recall_half()
    {
        FeatureSet here = Sets.Normal(50, 4, 1);
        FeatureSet there = Sets.Map(Sets.Normal(50, 4, 2), (value, _) => value + 100);
        PrecisionRecall result = PrecisionRecall.Of(here, Sets.Join(here, there));
        Assert.Equal((1.0, 0.5), (result.Precision, result.Recall));

        PrecisionRecall mirrored = PrecisionRecall.Of(Sets.Join(here, there), here);
        Assert.Equal((0.5, 1.0), (mirrored.Precision, mirrored.Recall));
    }

    [Fact]
    public void Equal_sets_score_1_and_far_sets_0()
    {
        FeatureSet set = Sets.Normal(40, 3, 1);
        PrecisionRecall same = PrecisionRecall.Of(set, set);
        PrecisionRecall far = PrecisionRecall.Of(Sets.Map(set, (value, _) => value + 1000), set);
        Assert.Equal((1.0, 1.0, 0.0, 0.0), (same.Precision, same.Recall, far.Precision, far.Recall));
    }

    [Theory]
    [InlineData(3, 5)]
    [InlineData(1, 37)]
    [InlineData(5, 4096)]
    public void Blocks_do_not_change_the_result(int neighbours, int width)
    {
        // At width 4096 a block holds 8 vectors; at width 5 all of them.
        FeatureSet samples = Sets.Normal(45, width, 1);
        FeatureSet real = Sets.Map(Sets.Normal(61, width, 2), (value, j) => value + (j == 0 ? 0.5f : 0));
        PrecisionRecall result = PrecisionRecall.Of(samples, real, neighbours);
        Assert.Equal(Share(samples, real, neighbours), result.Precision);
        Assert.Equal(Share(real, samples, neighbours), result.Recall);
    }

    [Fact]
    public void Sets_without_a_kth_neighbour_are_refused()
    {
        Assert.Throws<ArgumentException>(() => PrecisionRecall.Of(Sets.Line(1, 2, 3), Sets.Line(1, 2, 3, 4), 3));
        Assert.Throws<ArgumentException>(() => PrecisionRecall.Of(Sets.Normal(9, 2, 1), Sets.Normal(9, 3, 1)));
    }

    /// <summary>The definition, word by word.</summary>
    private static double Share(FeatureSet points, FeatureSet manifold, int neighbours)
    {
        double[] radii = [.. Enumerable.Range(0, manifold.Count).Select(i => Enumerable.Range(0, manifold.Count).Where(j => j != i)
            .Select(j => Distance(manifold, i, manifold, j)).Order().ElementAt(neighbours - 1))];
        int on = Enumerable.Range(0, points.Count).Count(i => Enumerable.Range(0, manifold.Count).Any(j => Distance(points, i, manifold, j) <= radii[j]));
        return on / (double)points.Count;
    }

    private static double Distance(FeatureSet a, int i, FeatureSet b, int j)
    {
        double sum = 0;
        for (int d = 0; d < a.Width; d++)
        {
            double difference = a.Values[(i * a.Width) + d] - (double)b.Values[(j * b.Width) + d];
            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }
}
