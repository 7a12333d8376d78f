namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// The real images that samples are judged against, with everything that does not depend on the samples computed once: make
/// one, and ask it for a <see cref="SampleReport"/> per mixing rule. Not thread-safe; it does not own the network.
/// </summary>
public sealed class SampleReference
{
    private const double Confidence = 0.9;
    private const double MemorisationQuantile = 0.05;
    private const int FloorDraws = 8;

    // Two whole frames of the 64 features.
    private const int Projections = 128;

    private readonly FeatureNetwork _network;
    private readonly FeatureSet _training;
    private readonly Func<IEnumerable<FeatureSet>> _searched;
    private readonly FeatureSet _test;
    private readonly FeatureSet _trainingFeatures;
    private readonly FeatureSet _testFeatures;
    private readonly Gaussian _trainingGaussian;
    private readonly double? _accuracy;
    private readonly double _confidentShare;
    private readonly ulong _seed;
    private readonly Dictionary<int, Baseline> _baselines = [];

    /// <summary>What real images get at one number of samples.</summary>
    private sealed record Baseline(double Floor, double Deviation, double Sliced, FeatureSet Test, NearestNeighbour TestToTraining);

    /// <summary>Extracts the features of the real images.</summary>
    /// <param name="network">The feature space.</param>
    /// <param name="training">Training images as vectors of pixels, at least 4. // (N, C H W)</param>
    /// <param name="test">Held-out images, at least 4. // (M, C H W)</param>
    /// <param name="testLabels">Class of each held-out image, for the network's accuracy; null where there are no labels.</param>
    /// <param name="seed">Seed of the choice of real images where fewer are needed than there are.</param>
    /// <param name="searched">All images that the model was trained on, a part at a time, for the memorisation check; null = <paramref name="training"/>.</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Shapes do not fit the network, or there are too few images.</exception>
    public SampleReference(
        FeatureNetwork network,
        FeatureSet training,
        FeatureSet test,
        int[]? testLabels = null,
        ulong seed = 0,
        Func<IEnumerable<FeatureSet>>? searched = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        FeatureSet.Check(training, test, 4);
        (_network, _training, _test, _seed) = (network, training, test, seed);
        _searched = searched ?? (() => [training]);
        _trainingFeatures = network.Features(training.Values, cancellation);
        _testFeatures = network.Features(test.Values, cancellation);
        _trainingGaussian = Gaussian.Of(_trainingFeatures);
        _accuracy = testLabels is null ? null : network.Accuracy(test.Values, testLabels, cancellation);
        _confidentShare = ConfidentPerClass(test, cancellation).Sum() / (double)test.Count;
    }

    /// <summary>Judges samples.</summary>
    /// <param name="samples">Samples as vectors of pixels, at least 4. // (N, C H W)</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, there are too few samples, or one is not finite.</exception>
    public SampleReport Report(FeatureSet samples, CancellationToken cancellation = default)
    {
        FeatureSet.Check(samples, _training, 4);
        FeatureSet features = _network.Features(samples.Values, cancellation);
        int[] confident = ConfidentPerClass(samples, cancellation);
        Baseline baseline = BaselineOf(samples.Count, cancellation);
        return new SampleReport
        {
            FeatureSpace = _network.Name,
            TestAccuracy = _accuracy,
            Samples = samples.Count,
            TrainingImages = _training.Count,
            TestImages = _test.Count,
            FrechetDistance = FrechetDistance.Between(Gaussian.Of(features), _trainingGaussian),
            FrechetFloor = baseline.Floor,
            FrechetFloorDeviation = baseline.Deviation,
            FrechetFloorImages = Math.Min(samples.Count, _test.Count),
            SlicedWasserstein = Sliced(features, samples.Count, cancellation),
            SlicedWassersteinFloor = baseline.Sliced,
            PrecisionRecall = PrecisionRecall.Of(features, _trainingFeatures.Choose(samples.Count, _seed), cancellation: cancellation),
            Memorisation = Memorisation.Of(
                samples, baseline.Test, NearestNeighbour.Find(samples, _searched(), cancellation), baseline.TestToTraining, MemorisationQuantile, cancellation),
            Confidence = Confidence,
            ConfidentShare = confident.Sum() / (double)samples.Count,
            ConfidentShareOfTest = _confidentShare,
            ConfidentPerClass = confident,
        };
    }

    private Baseline BaselineOf(int count, CancellationToken cancellation)
    {
        if (_baselines.TryGetValue(count, out Baseline? known))
        {
            return known;
        }

        // One draw says little: where a single direction holds most of the variance, draws differ by several times their mean.
        var floors = new double[count < _test.Count ? FloorDraws : 1];
        for (int i = 0; i < floors.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            floors[i] = FrechetDistance.Between(Gaussian.Of(_testFeatures.Choose(count, _seed + (ulong)i)), _trainingGaussian);
        }

        double mean = floors.Average();
        double deviation = Math.Sqrt(floors.Sum(floor => (floor - mean) * (floor - mean)) / Math.Max(1, floors.Length - 1));
        FeatureSet test = _test.Choose(count, _seed);
        return _baselines[count] = new Baseline(
            mean,
            deviation,
            Sliced(_testFeatures.Choose(count, _seed), count, cancellation),
            test,
            NearestNeighbour.Find(test, _searched(), cancellation));
    }

    private double Sliced(FeatureSet features, int count, CancellationToken cancellation) =>
        Math.Sqrt(SlicedWasserstein2.Squared(features, _trainingFeatures.Choose(count, _seed), Projections, _seed, cancellation));

    private int[] ConfidentPerClass(FeatureSet samples, CancellationToken cancellation)
    {
        float[] probabilities = _network.Probabilities(samples.Values, cancellation);
        var counts = new int[_network.Classes];
        for (int i = 0; i < samples.Count; i++)
        {
            ReadOnlySpan<float> row = probabilities.AsSpan(i * counts.Length, counts.Length);
            int best = FeatureNetwork.ArgMax(row);
            if (row[best] >= Confidence)
            {
                counts[best]++;
            }
        }

        return counts;
    }
}
