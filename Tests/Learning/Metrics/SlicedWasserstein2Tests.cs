using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class SlicedWasserstein2Tests
{
    [Fact]
    public void On_the_line_it_is_exact()
    {
        Assert.Equal(25, SlicedWasserstein2.Squared(Sets.Line(3, 0, 1), Sets.Line(6, 5, 8), 1, 0), 1e-12);

        // Pairs in sorted order: 0-1, 2-2, 4-9.
        Assert.Equal((1 + 0 + 25) / 3.0, SlicedWasserstein2.Squared(Sets.Line(4, 0, 2), Sets.Line(9, 1, 2), 7, 3), 1e-12);
    }

    [Fact]
    public void Unequal_counts_are_matched_by_quantiles()
    {
        Assert.Equal(5, SlicedWasserstein2.Squared(Sets.Line(0), Sets.Line(1, 3), 1, 0), 1e-12);

        // 0 on [0, 1/2] and 3 after it, against 0 on [0, 2/3] and 3 after it: they differ by 3 on 1/6.
        Assert.Equal(1.5, SlicedWasserstein2.Squared(Sets.Line(0, 3), Sets.Line(0, 0, 3), 1, 0), 1e-12);
        Assert.Equal(1.5, SlicedWasserstein2.Squared(Sets.Line(3, 0, 0), Sets.Line(3, 0), 1, 0), 1e-12);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(64)]
    public void A_shift_costs_its_square_over_d_exactly_in_whole_frames(int width)
    {
        FeatureSet set = Sets.Map(Sets.Normal(50, width, 1), (value, _) => MathF.Round(value * 64) / 64);
        FeatureSet moved = Sets.Map(set, (value, j) => value + (j == 0 ? 3 : j == 1 ? -4 : 0));
        Assert.Equal(25.0 / width, SlicedWasserstein2.Squared(set, moved, 2 * width, seed: 7), 1e-9);
    }

    [Fact]
    public void A_single_direction_is_uniform_on_the_sphere()
    {
        // E (direction . shift)^2 = |shift|^2 / d over seeds, with one direction each.
        var zero = new FeatureSet([0, 0, 0], 3);
        var shift = new FeatureSet([0, 6, 0], 3);
        double mean = Enumerable.Range(0, 4000).Average(seed => SlicedWasserstein2.Squared(zero, shift, 1, (ulong)seed));
        Assert.Equal(12, mean, 0.8);
    }

    [Fact]
    public void It_depends_on_the_set_and_the_seed_but_not_on_the_order_or_on_repetition()
    {
        FeatureSet a = Sets.Normal(30, 4, 1);
        FeatureSet b = Sets.Normal(20, 4, 2);
        double distance = SlicedWasserstein2.Squared(a, b, 10, 1);
        Assert.Equal(distance, SlicedWasserstein2.Squared(a, b, 10, 1));
        Assert.NotEqual(distance, SlicedWasserstein2.Squared(a, b, 10, 2));
        Assert.Equal(distance, SlicedWasserstein2.Squared(b, a, 10, 1), 1e-12);
        Assert.Equal(distance, SlicedWasserstein2.Squared(Sets.Join(a, a), b, 10, 1), 1e-12);
        Assert.Equal(0, SlicedWasserstein2.Squared(a, Sets.Join(a, a, a), 10, 1), 1e-12);
    }
}
