using OrleansDDM.Learning.Clustering;

using Xunit;

namespace OrleansDDM.Tests.Learning.Clustering;

public class KMeansTests
{
    private const int Dimensions = 3;

    private static float[] Blobs(int count, int blobs, double spread, int seed = 1)
    {
        var random = new Random(seed);
        var points = new float[count * Dimensions];
        for (int i = 0; i < points.Length; i++)
        {
            int blob = i / Dimensions % blobs;
            double centre = 10 * ((blob >> (i % Dimensions)) & 1);
            points[i] = (float)(centre + (spread * (random.NextDouble() - 0.5)));
        }

        return points;
    }

    // A shard in memory answers at once.
    private static T Now<T>(ValueTask<T> answer) => answer.Result;

    private static long[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => (long)i)];

    private static KMeansShard Shard(float[] points, int[] rows) => new(
        [.. rows.SelectMany(r => points[(r * Dimensions)..((r + 1) * Dimensions)])], Dimensions, rows.Select(r => (long)r).ToArray());

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Shards_give_the_pool_s_result_bit_for_bit(int shards)
    {
        float[] points = Blobs(3000, 8, 9);
        var options = new KMeansOptions(40, 15, 5);
        var pool = new KMeansShard(points, Dimensions, Ids(3000));
        KMeansResult expected = KMeans.Fit(options, Dimensions, pool);
        int[][] rows = [.. Shards.Rows(3000, shards)];
        KMeansShard[] parts = [.. rows.Select(r => Shard(points, r)).Reverse()];
        KMeansResult actual = KMeans.Fit(options, Dimensions, parts);
        Assert.Equal(expected.Centroids.Select(BitConverter.SingleToInt32Bits), actual.Centroids.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(expected.Counts, actual.Counts);
        Assert.Equal(expected.Inertia, actual.Inertia);
        Assert.Equal(expected.Iterations, actual.Iterations);

        int[] nearest = pool.Nearest(expected.Centroids);
        foreach ((int[] row, KMeansShard part) in rows.Reverse().Zip(parts))
        {
            Assert.Equal(row.Select(r => nearest[r]), part.Nearest(actual.Centroids));
        }
    }

    [Fact]
    public void Statistics_add_exactly_in_any_order()
    {
        float[] points = Blobs(900, 8, 9);
        float[] centroids = points[..30];
        KMeansStatistics Of(int[] rows) => Now(Shard(points, rows).AssignAsync(centroids, default));
        KMeansStatistics whole = Of([.. Enumerable.Range(0, 900)]);
        KMeansStatistics[] parts = [.. Shards.Rows(900, 5).Select(Of)];
        KMeansStatistics left = parts.Aggregate((a, b) => a.Add(b));
        KMeansStatistics right = parts.Reverse().Aggregate((a, b) => b.Add(a));
        foreach (KMeansStatistics sum in (KMeansStatistics[])[left, right])
        {
            Assert.Equal(whole.Counts, sum.Counts);
            Assert.Equal(whole.Sums, sum.Sums);
            Assert.Equal(whole.Inertia, sum.Inertia);
        }
    }

    [Fact]
    public void Separated_blobs_are_found()
    {
        float[] points = Blobs(800, 8, 1);
        var shard = new KMeansShard(points, Dimensions, Ids(800));
        for (ulong seed = 0; seed < 10; seed++)
        {
            KMeansResult result = KMeans.Fit(new KMeansOptions(8, 50, seed, Restarts: 4), Dimensions, shard);
            Assert.True(result.Converged);
            int[] nearest = shard.Nearest(result.Centroids);
            Assert.Equal(8, Enumerable.Range(0, 8).Select(b => nearest[b]).Distinct().Count());
            Assert.All(Enumerable.Range(0, 800), i => Assert.Equal(nearest[i % 8], nearest[i]));
        }
    }

    [Fact]
    public void More_iterations_never_raise_the_inertia()
    {
        var shard = new KMeansShard(Blobs(2000, 8, 12), Dimensions, Ids(2000));
        double[] inertia = [.. Enumerable.Range(1, 12).Select(i => KMeans.Fit(new KMeansOptions(20, i, 3), Dimensions, shard).Inertia)];
        Assert.All(inertia.Zip(inertia.Skip(1)), p => Assert.True(p.Second <= p.First * (1 + 1e-6)));
    }

    [Fact]
    public void A_converged_centroid_is_the_mean_of_its_points()
    {
        float[] points = Blobs(500, 8, 9);
        var shard = new KMeansShard(points, Dimensions, Ids(500));
        KMeansResult result = KMeans.Fit(new KMeansOptions(6, 200, 3), Dimensions, shard);
        int[] nearest = shard.Nearest(result.Centroids);
        Assert.True(result.Converged);
        for (int i = 0; i < result.Centroids.Length; i++)
        {
            int[] members = [.. Enumerable.Range(0, 500).Where(n => nearest[n] == i / Dimensions)];
            Assert.Equal(result.Counts[i / Dimensions], members.Length);
            Assert.Equal(members.Average(n => (double)points[(n * Dimensions) + (i % Dimensions)]), result.Centroids[i], 1e-5);
        }
    }

    [Fact]
    public void An_empty_centroid_moves_to_the_farthest_point()
    {
        // Two copies of a seed make the second copy empty; the outlier is the farthest point.
        float[] points = [0, 0, 0, 0.1f, 0, 0, 0.2f, 0, 0, 50, 0, 0];
        var shard = new KMeansShard(points, Dimensions, Ids(4));
        RaceEntry farthest = Assert.Single(Now(shard.FarthestAsync([0, 0, 0, 0, 0, 0], 1, default)));
        Assert.Equal((3L, -2500.0), (farthest.Id, farthest.Key));
        KMeansStatistics statistics = Now(shard.AssignAsync([0, 0, 0, 0, 0, 0], default));
        Assert.Equal([4L, 0L], statistics.Counts);
        Assert.Equal([7f, 7f, 7f], statistics.Means([9, 9, 9, 7, 7, 7])[3..]);
    }

    [Fact]
    public void Weights_count_as_repetitions()
    {
        float[] points = Blobs(60, 8, 9);
        long[] weights = [.. Enumerable.Range(0, 60).Select(i => (long)(i % 4))];
        float[] centroids = points[..15];
        KMeansStatistics weighted = Now(new KMeansShard(points, Dimensions, Ids(60), weights).AssignAsync(centroids, default));
        int[] repeated = [.. Enumerable.Range(0, 60).SelectMany(i => Enumerable.Repeat(i, i % 4))];
        KMeansStatistics plain = Now(Shard(points, repeated).AssignAsync(centroids, default));
        Assert.Equal(plain.Counts, weighted.Counts);
        Assert.Equal(plain.Sums, weighted.Sums);
        Assert.Equal(plain.Inertia, weighted.Inertia);
    }

    [Fact]
    public void The_race_draws_in_proportion_to_weight_times_squared_distance()
    {
        // One candidate at 0; points at distance 1 and 2 with weights 3 and 1: rates 3 and 4.
        var shard = new KMeansShard([1, 0, 0, 2, 0, 0, 0, 0, 0], Dimensions, Ids(3), [3, 1, 9]);
        int first = 0;
        for (int round = 0; round < 20_000; round++)
        {
            RaceEntry[] winners = Now(shard.RaceAsync(8, round, 2, [0, 0, 0], default));
            Assert.DoesNotContain(winners, w => w.Id == 2);
            first += winners[0].Id == 0 ? 1 : 0;
        }

        // Standard error 0.0035.
        Assert.Equal(3.0 / 7, first / 20_000.0, 0.0105);
    }

    [Fact]
    public void The_race_does_not_depend_on_what_was_asked_before()
    {
        float[] points = Blobs(200, 8, 9);
        var asked = new KMeansShard(points, Dimensions, Ids(200));
        _ = Now(asked.RaceAsync(1, 0, 3, points[..6], default));
        _ = Now(asked.RaceAsync(1, 1, 3, points[..12], default));
        foreach (float[] candidates in (float[][])[points[..18], points[30..36], []])
        {
            RaceEntry[] fresh = Now(new KMeansShard(points, Dimensions, Ids(200)).RaceAsync(1, 2, 5, candidates, default));
            Assert.Equal(fresh.Select(e => (e.Key, e.Id)), Now(asked.RaceAsync(1, 2, 5, candidates, default)).Select(e => (e.Key, e.Id)));
        }
    }

    [Fact]
    public void Fewer_distinct_points_than_centroids_give_fewer_centroids()
    {
        float[] points = [.. Enumerable.Range(0, 30).SelectMany(i => new float[] { i % 3, 0, 0 })];
        KMeansResult result = KMeans.Fit(new KMeansOptions(10, 10, 1), Dimensions, new KMeansShard(points, Dimensions, Ids(30)));
        Assert.Equal([0f, 1f, 2f], Enumerable.Range(0, 3).Select(k => result.Centroids[k * Dimensions]).Order());
        Assert.Equal([10L, 10L, 10L], result.Counts);
        Assert.Equal(0, result.Inertia);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(5000f)]
    public void Features_that_are_not_finite_or_too_large_are_named(float bad)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new KMeansShard([0, 0, 0, 0, bad, 0], Dimensions, new long[] { 10, 11 }));
        Assert.Contains("Feature 1 of point 11", e.Message, StringComparison.Ordinal);
    }
}
