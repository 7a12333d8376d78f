using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>A shard in memory. Single-threaded; calls must not overlap.</summary>
public sealed class KMeansShard : IKMeansShard
{
    private static readonly ulong RaceRole = KeyedHash.Role("k-means/race");
    private readonly float[] _points;
    private readonly ReadOnlyMemory<long> _ids;
    private readonly long[]? _weights;
    private readonly int _dimensions;

    // Distances to the candidates seen so far; recomputed when a call does not continue them.
    private float[] _candidates = [];
    private double[] _distances = [];

    /// <summary>Creates a shard.</summary>
    /// <param name="points">(N, D), finite, magnitudes at most 4096; not copied.</param>
    /// <param name="dimensions">D, at least 1.</param>
    /// <param name="ids">(N) global id of each point, unique over all shards.</param>
    /// <param name="weights">(N) weight of each point, at least 0; null = 1 each.</param>
    /// <exception cref="ArgumentException">Sizes that do not fit, or a value out of range.</exception>
    public KMeansShard(float[] points, int dimensions, ReadOnlyMemory<long> ids, long[]? weights = null)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        if (points.Length != (long)ids.Length * dimensions || (weights is not null && weights.Length != ids.Length))
        {
            throw new ArgumentException($"{ids.Length} ids need {(long)ids.Length * dimensions} values and as many weights, not {points.Length} and {weights?.Length}.");
        }

        int bad = Array.FindIndex(points, p => !(Math.Abs(p) <= KMeansStatistics.LargestFeature));
        if (bad >= 0)
        {
            throw new ArgumentException(
                $"Feature {bad % dimensions} of point {ids.Span[bad / dimensions]} is {points[bad]}; features must be finite and at most {KMeansStatistics.LargestFeature}.");
        }

        if (weights is not null && (weights.Any(w => w is < 0 or > KMeansStatistics.LargestWeight) || weights.Sum() > KMeansStatistics.LargestWeight))
        {
            throw new ArgumentException($"Weights must be at least 0 and sum to at most {KMeansStatistics.LargestWeight}.", nameof(weights));
        }

        (_points, _dimensions, _ids, _weights) = (points, dimensions, ids, weights);
    }

    /// <summary>Number of points.</summary>
    public int Count => _ids.Length;

    /// <summary>Index of the nearest of (k, D) centroids for each point.</summary>
    public int[] Nearest(ReadOnlySpan<float> centroids)
    {
        var index = new CentroidIndex(centroids, _dimensions);
        var nearest = new int[Count];
        for (int n = 0; n < nearest.Length; n++)
        {
            nearest[n] = index.Nearest(Point(n));
        }

        return nearest;
    }

    /// <inheritdoc/>
    public ValueTask<RaceEntry[]> RaceAsync(ulong seed, int round, int count, float[] candidates, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        Follow(candidates);
        var first = new Smallest(count);
        for (int n = 0; n < Count; n++)
        {
            double rate = Weight(n) * (candidates.Length == 0 ? 1 : _distances[n]);
            if (rate > 0)
            {
                long id = _ids.Span[n];
                first.Offer(-Math.Log(KeyedHash.Uniform(seed, RaceRole, (ulong)id, (ulong)round)) / rate, id, n);
            }
        }

        return ValueTask.FromResult(Entries(first));
    }

    /// <inheritdoc/>
    public ValueTask<KMeansStatistics> AssignAsync(float[] centroids, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(centroids);
        var index = new CentroidIndex(centroids, _dimensions);
        var counts = new long[index.Count];
        var sums = new long[centroids.Length];
        Int128 inertia = 0;
        for (int n = 0; n < Count; n++)
        {
            ReadOnlySpan<float> point = Point(n);
            int nearest = index.Nearest(point);
            long weight = Weight(n);
            counts[nearest] += weight;
            Span<long> sum = sums.AsSpan(nearest * _dimensions, _dimensions);
            for (int j = 0; j < point.Length; j++)
            {
                sum[j] += weight * KMeansStatistics.ToFixed(point[j]);
            }

            inertia += (Int128)weight * KMeansStatistics.ToFixed(CentroidIndex.SquaredDistance(point, centroids.AsSpan(nearest * _dimensions, _dimensions)));
        }

        return ValueTask.FromResult(new KMeansStatistics(_dimensions, counts, sums, inertia));
    }

    /// <inheritdoc/>
    public ValueTask<RaceEntry[]> FarthestAsync(float[] centroids, int count, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(centroids);
        var index = new CentroidIndex(centroids, _dimensions);
        var first = new Smallest(count);
        for (int n = 0; n < Count; n++)
        {
            ReadOnlySpan<float> point = Point(n);
            double distance = CentroidIndex.SquaredDistance(point, centroids.AsSpan(index.Nearest(point) * _dimensions, _dimensions));
            if (distance > 0 && Weight(n) > 0)
            {
                first.Offer(-distance, _ids.Span[n], n);
            }
        }

        return ValueTask.FromResult(Entries(first));
    }

    private ReadOnlySpan<float> Point(int n) => _points.AsSpan(n * _dimensions, _dimensions);

    private long Weight(int n) => _weights is null ? 1 : _weights[n];

    private RaceEntry[] Entries(Smallest first) => [.. first.InOrder().Select(e => new RaceEntry(e.Key, e.Id, Point(e.Index).ToArray()))];

    /// <summary>Brings the distances up to date with the candidates, from the new ones alone where the list only grew.</summary>
    private void Follow(float[] candidates)
    {
        bool grew = candidates.Length >= _candidates.Length && _distances.Length == Count && candidates.AsSpan(0, _candidates.Length).SequenceEqual(_candidates);
        if (!grew)
        {
            _candidates = [];
        }

        if (_candidates.Length == 0)
        {
            _distances = new double[Count];
            Array.Fill(_distances, double.PositiveInfinity);
        }

        float[] added = candidates[_candidates.Length..];
        if (added.Length > 0)
        {
            var index = new CentroidIndex(added, _dimensions);
            for (int n = 0; n < Count; n++)
            {
                ReadOnlySpan<float> point = Point(n);
                double distance = CentroidIndex.SquaredDistance(point, added.AsSpan(index.Nearest(point) * _dimensions, _dimensions));
                _distances[n] = Math.Min(_distances[n], distance);
            }
        }

        _candidates = candidates;
    }

    /// <summary>Keeps the smallest few by (key, id).</summary>
    private sealed class Smallest(int capacity)
    {
        private readonly PriorityQueue<(double Key, long Id, int Index), (double Key, long Id)> _queue =
            new(Comparer<(double Key, long Id)>.Create((a, b) => b.CompareTo(a)));

        public void Offer(double key, long id, int index)
        {
            if (_queue.Count < capacity)
            {
                _queue.Enqueue((key, id, index), (key, id));
            }
            else if (capacity > 0 && (key, id).CompareTo((_queue.Peek().Key, _queue.Peek().Id)) < 0)
            {
                _queue.DequeueEnqueue((key, id, index), (key, id));
            }
        }

        public IEnumerable<(double Key, long Id, int Index)> InOrder() =>
            _queue.UnorderedItems.Select(i => i.Element).OrderBy(e => e.Key).ThenBy(e => e.Id);
    }
}
