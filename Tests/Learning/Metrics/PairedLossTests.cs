using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class PairedLossTests
{
    [Fact]
    public void Means_and_differences_are_exact()
    {
        // Two images, three strata.
        var result = new PairedLoss([1, 2, 3, 3, 4, 5], [0, 2, 2, 2, 4, 8], 3).Compare(seed: 1);
        Assert.Equal([2.0, 3, 4], result.StrataA);
        Assert.Equal([1.0, 3, 5], result.StrataB);
        Assert.Equal([1.0, 0, -1], result.StrataDifference);
        Assert.Equal((3.0, 3.0, 2), (result.MeanA, result.MeanB, result.Images));
        Assert.Equal(0, result.Difference, 1e-15);
        Assert.False(result.ExcludesZero);

        // The images' differences are 2/3 and -2/3; no mean of a resample lies outside.
        Assert.Equal(-2.0 / 3, result.Low, 1e-12);
        Assert.Equal(2.0 / 3, result.High, 1e-12);
    }

    [Fact]
    public void What_both_arms_share_cancels()
    {
        var random = new Random(1);
        double[] b = [.. Enumerable.Range(0, 400).Select(_ => 100 * random.NextDouble())];
        double[] a = [.. b.Select(error => error + 0.25)];
        PairedLossResult result = new PairedLoss(a, b, 4).Compare(seed: 1);
        Assert.Equal(0.25, result.Difference, 1e-9);
        Assert.Equal(0.25, result.Low, 1e-9);
        Assert.Equal(0.25, result.High, 1e-9);
        Assert.True(result.ExcludesZero);
    }

    [Fact]
    public void Interval_has_the_width_of_the_normal_approximation_over_images()
    {
        // One difference per image, +1 or -1 around 0.1; four strata repeat it, which must not narrow the interval.
        const int Images = 2500;
        double[] a = [.. Enumerable.Range(0, 4 * Images).Select(i => (i / 4) % 2 == 0 ? 2.1 : 0.1)];
        double[] b = [.. Enumerable.Repeat(1.0, 4 * Images)];
        PairedLossResult result = new PairedLoss(a, b, 4).Compare(seed: 3);
        double half = 1.96 / Math.Sqrt(Images);
        Assert.Equal(0.1, result.Difference, 1e-9);
        Assert.Equal(0.1 - half, result.Low, 0.1 * half);
        Assert.Equal(0.1 + half, result.High, 0.1 * half);
    }

    [Fact]
    public void Interval_covers_the_truth_about_as_often_as_it_says()
    {
        int covered = 0;
        var random = new Random(1);
        for (int trial = 0; trial < 1000; trial++)
        {
            double[] a = [.. Enumerable.Range(0, 100).Select(_ => 5 + random.NextDouble())];
            double[] b = [.. Enumerable.Range(0, 100).Select(_ => 5.3 + random.NextDouble())];
            PairedLossResult result = new PairedLoss(a, b, 1).Compare((ulong)trial, resamples: 400);
            covered += result.Low <= -0.3 && -0.3 <= result.High ? 1 : 0;
        }

        Assert.InRange(covered, 920, 970);
    }

    [Fact]
    public void Interval_is_a_function_of_the_seed()
    {
        var loss = new PairedLoss([1, 5, 2, 8, 3], [2, 2, 2, 2, 2], 1);
        Assert.Equal(loss.Compare(1).Low, loss.Compare(1).Low);
        Assert.True(loss.Compare(1, confidence: 0.5).Low > loss.Compare(1, confidence: 0.99).Low);
    }

    [Fact]
    public void Errors_that_cannot_be_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new PairedLoss([1, 2], [1], 1));
        Assert.Throws<ArgumentException>(() => new PairedLoss([], [], 1));
        Assert.Throws<ArgumentException>(() => new PairedLoss([1, 2, 3], [1, 2, 3], 2));
        Assert.Contains("image 1, stratum 0", Assert.Throws<ArgumentException>(() => new PairedLoss([1, 2, double.NaN, 1], [1, 2, 3, 1], 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new PairedLoss([1], [-1], 1));
    }
}
