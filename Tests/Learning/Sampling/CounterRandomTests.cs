using OrleansDDM.Learning.Sampling;

using Xunit;

namespace OrleansDDM.Tests.Learning.Sampling;

public class CounterRandomTests
{
    // Known answers of Random123 (kat_vectors, philox4x32, 10 rounds).
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_the_known_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal((r0, r1, r2, r3), Philox4x32.Block(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void Normal_values_have_the_moments_and_tails_of_a_normal()
    {
        const int N = 400_000;
        float[] floats = new float[N];
        double[] doubles = new double[N];
        CounterRandom.Normal<float>(floats, 5, "test", 0, 0);
        CounterRandom.Normal<double>(doubles, 5, "test", 0, 0);
        foreach (double[] values in new[] { doubles, [.. floats.Select(f => (double)f)] })
        {
            // Standard errors of the moments: 1, 2, 15, 96 over N.
            Assert.InRange(Math.Abs(values.Average()), 0, 4 * Math.Sqrt(1d / N));
            Assert.InRange(Math.Abs(values.Average(v => v * v) - 1), 0, 4 * Math.Sqrt(2d / N));
            Assert.InRange(Math.Abs(values.Average(v => v * v * v)), 0, 4 * Math.Sqrt(15d / N));
            Assert.InRange(Math.Abs(values.Average(v => v * v * v * v) - 3), 0, 4 * Math.Sqrt(96d / N));
            Assert.InRange(values.Count(v => Math.Abs(v) > 3), 2699e-6 * N * .88, 2699e-6 * N * 1.12);

            // Neighbours, and the two halves of a Box-Muller pair, are uncorrelated.
            foreach (int lag in new[] { 1, 2, 16, 32 })
            {
                Assert.InRange(Math.Abs(Enumerable.Range(0, N - lag).Average(i => values[i] * values[i + lag])), 0, 4 / Math.Sqrt(N));
            }
        }
    }

    [Fact]
    public void Uniform_values_fill_the_unit_interval_evenly()
    {
        const int N = 160_000;
        float[] floats = new float[N];
        double[] doubles = new double[N];
        CounterRandom.Uniform<float>(floats, 6, "test", 0, 0);
        CounterRandom.Uniform<double>(doubles, 6, "test", 0, 0);
        foreach (double[] values in new[] { doubles, [.. floats.Select(f => (double)f)] })
        {
            Assert.InRange(values.Min(), 0, 1e-4);
            Assert.InRange(values.Max(), 1 - 1e-4, 1 - 1e-9);
            double chiSquare = values.GroupBy(v => (int)(v * 16)).Sum(g => Math.Pow(g.Count() - (N / 16), 2) / (N / 16d));
            Assert.InRange(chiSquare, 2, 37.7); // 0.1 % point with 15 degrees of freedom
        }

        Assert.Equal(doubles[0], CounterRandom.Uniform(6, "test", 0, 0));
    }

    [Fact]
    public void Longer_requests_begin_with_shorter_ones()
    {
        double[] all = new double[300];
        CounterRandom.Normal<double>(all, 1, "test", 2, 3);
        for (int length = 0; length < 200; length += 7)
        {
            double[] some = new double[length];
            CounterRandom.Normal<double>(some, 1, "test", 2, 3);
            Assert.Equal(all[..length], some);
        }
    }

    [Fact]
    public void Each_part_of_the_key_matters()
    {
        (ulong Seed, string Role, ulong Sample, ulong Step)[] keys =
        [
            (1, "a", 2, 3), (2, "a", 2, 3), (1UL << 32, "a", 2, 3), (1, "b", 2, 3), (1, "a", 3, 3), (1, "a", 2UL + (1UL << 32), 3), (1, "a", 2, 4),
            (1, "a", 2, 3UL + (1UL << 32)), (1, "a", 3, 2),
        ];
        var seen = new HashSet<double>();
        foreach ((ulong seed, string role, ulong sample, ulong step) in keys)
        {
            double[] values = new double[128];
            CounterRandom.Normal<double>(values, seed, role, sample, step);
            Assert.All(values, v => Assert.True(seen.Add(v)));
        }
    }

    [Fact]
    public void Indexes_are_even_for_counts_that_are_no_power_of_two()
    {
        int[] hits = new int[12];
        for (ulong i = 0; i < 60_000; i++)
        {
            hits[CounterRandom.Index(12, 3, "test", i, 0)]++;
        }

        Assert.InRange(hits.Sum(h => Math.Pow(h - 5000, 2) / 5000), 1, 31.3); // 0.1 % point with 11 degrees of freedom
        Assert.Equal(0, CounterRandom.Index(1, 3, "test", 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => CounterRandom.Index(0, 3, "test", 0, 0));
    }

    [Fact]
    public void Permutations_are_uniform()
    {
        var counts = new Dictionary<string, int>();
        for (ulong epoch = 0; epoch < 24_000; epoch++)
        {
            string order = string.Join(',', CounterRandom.Permutation(4, 9, "test", 0, epoch));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, counts.Count);
        Assert.InRange(counts.Values.Sum(c => Math.Pow(c - 1000, 2) / 1000), 5, 49.7); // 0.1 % point with 23 degrees of freedom
        Assert.Equal(Enumerable.Range(0, 1000), CounterRandom.Permutation(1000, 9, "test", 0, 0).Order());
        Assert.Empty(CounterRandom.Permutation(0, 9, "test", 0, 0));
    }

    [Fact]
    public void Noise_of_a_sample_does_not_depend_on_its_batch()
    {
        State<float> like = State<float>.Of([3, 5], new float[15]);
        State<float> batch = SamplingNoise.Like(like, 4, "test", [7, 8, 9], 2);
        State<float> alone = SamplingNoise.Like(like.Select([0]), 4, "test", [9], 2);
        Assert.Equal(batch.Select([2])["x"].Values, alone["x"].Values);
        Assert.Throws<ArgumentException>(() => SamplingNoise.Like(like, 4, "test", [7], 2));
    }
}
