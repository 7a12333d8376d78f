using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The network whose features all arms and seeds of a comparison are judged in. Not thread-safe.</summary>
public sealed class CompareJudge : IDisposable
{
    private const int FloorDraws = 8;
    private const int ClustersWithoutLabels = 10;

    private readonly CompareMetric _metric;
    private readonly FeatureNetwork _network;

    private CompareJudge(CompareMetric metric, FeatureNetwork network)
    {
        _metric = metric;
        _network = network;
    }

    /// <summary>Trains the judge on the labels of training images; on clusters where there are no labels.</summary>
    public static CompareJudge Train(CompareMetric metric, ImageDataset train, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(train);
        int[] labels = train.HasLabels
            ? train.Labels.ToArray()
            : [.. Clusterer.Run(new ClusteringSpec(), ClustersWithoutLabels, metric.Seed, train).Assignments];
        var training = new FeatureTraining
        {
            Channels = train.Channels,
            Height = train.Height,
            Width = train.Width,
            Classes = train.HasLabels ? train.ClassNames.Count : ClustersWithoutLabels,
            Seed = metric.Seed,
            Steps = Math.Min(Math.Max(200, train.Count / 20), metric.JudgeSteps),
        };
        return new CompareJudge(metric, FeatureNetwork.Train((rows, batch) => Fill(train, rows, batch), labels, training, cancellation));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    public static CompareJudge Load(CompareMetric metric, ReadOnlyMemory<byte> bytes) => new(metric, FeatureNetwork.Load(bytes));

    /// <summary>The network, as the bytes of a safetensors file.</summary>
    public byte[] Save() => _network.Save();

    /// <summary>What real images get.</summary>
    public JudgeFacts Facts(DataSplits splits, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        int tests = Math.Min(splits.Test.Count, _metric.ReferenceImages);
        float[] pixels = Pixels(splits.Test, tests);
        FeatureSet test = _network.Features(pixels, cancellation);
        FeatureSet train = _network.Features(Pixels(splits.Train, Math.Min(splits.Train.Count, 2 * Math.Max(_metric.Samples, _metric.ReferenceImages))), cancellation);
        Gaussian reference = Gaussian.Of(test);
        SeedStatistic floor = SeedStatistic.Of(Enumerable.Range(0, FloorDraws).Select(
            i => FrechetDistance.Between(Gaussian.Of(train.Choose(_metric.Samples, _metric.Seed + (ulong)i)), reference)));
        return new JudgeFacts(
            _network.Name,
            splits.Test.HasLabels ? _network.Accuracy(pixels, splits.Test.Labels[..tests].ToArray(), cancellation) : null,
            floor.Mean,
            floor.Deviation,
            tests,
            Math.Min(splits.Validation.Count, _metric.ReferenceImages));
    }

    /// <summary>What samples are compared with.</summary>
    public Gaussian Reference(ImageDataset images, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Gaussian.Of(_network.Features(Pixels(images, Math.Min(images.Count, _metric.ReferenceImages)), cancellation));
    }

    /// <summary>Fréchet distance of samples.</summary>
    /// <param name="samples">(N, C, H, W).</param>
    /// <param name="reference">What they are compared with.</param>
    /// <param name="cancellation">Stops the computation.</param>
    public double Distance(float[] samples, Gaussian reference, CancellationToken cancellation = default) =>
        FrechetDistance.Between(Gaussian.Of(_network.Features(samples, cancellation)), reference);

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    private static float[] Pixels(ImageDataset images, int count)
    {
        var values = new float[count * images.ImageSize];
        Fill(images, [.. Enumerable.Range(0, count)], values);
        return values;
    }

    private static void Fill(ImageDataset images, ReadOnlySpan<int> rows, Span<float> batch)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            images.CopyNormalized(rows[i], batch.Slice(i * images.ImageSize, images.ImageSize));
        }
    }
}
