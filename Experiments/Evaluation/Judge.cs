using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>
/// The network whose features samples are judged in: a classifier of a run's training images, by their labels, or by clusters of
/// them where they have fewer than two classes. The same images and seed give the same judge. Not thread-safe.
/// </summary>
public sealed class Judge : IDisposable
{
    /// <summary>Fewest real images, and fewest samples, that can be judged.</summary>
    public const int LeastImages = 4;

    private const int SmallestSide = 8;
    private const int LargestSide = 64;
    private const int ClustersWithoutLabels = 10;
    private const int PixelsPerChunk = 1 << 22;

    // About six passes of its batches: a judge that is itself unsure of real images says little about samples.
    private const int ImagesPerStep = 10;
    private const int LeastSteps = 200;

    private Judge(FeatureNetwork network) => Network = network;

    /// <summary>Most training steps.</summary>
    public static int MostSteps => 6000;

    /// <summary>The trained network.</summary>
    public FeatureNetwork Network { get; }

    /// <summary>Training steps for that many images: about six passes, 200 to <see cref="MostSteps"/>.</summary>
    public static int StepsFor(int images) => Math.Clamp(images / ImagesPerStep, LeastSteps, MostSteps);

    /// <summary>Whether images have the two classes or more that a judge of labels needs.</summary>
    public static bool HasClasses(ImageDataset train)
    {
        ArgumentNullException.ThrowIfNull(train);
        return train.HasLabels && train.Count > 0 && train.Labels.Span.ContainsAnyExcept(train.Labels.Span[0]);
    }

    /// <summary>Why there can be no judge of these images; null where there can.</summary>
    public static string? Obstacle(DataSplits splits)
    {
        ArgumentNullException.ThrowIfNull(splits);
        ImageDataset train = splits.Train;
        int least = Math.Min(train.Count, splits.Test.Count);
        if (Math.Min(train.Height, train.Width) < SmallestSide || Math.Max(train.Height, train.Width) > LargestSide)
        {
            return $"images of {train.Height}x{train.Width} pixels cannot be judged, only sides of {SmallestSide} to {LargestSide}";
        }

        return least < LeastImages
            ? $"{train.Count} training and {splits.Test.Count} test images are too few, at least {LeastImages} of each are needed"
            : null;
    }

    /// <summary>Trains a judge on all of the training images.</summary>
    /// <param name="train">Training images.</param>
    /// <param name="seed">Seed of the judge, not of the run.</param>
    /// <param name="mostSteps">Most training steps, if fewer than <see cref="StepsFor"/>.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="ArgumentException">Images of a size that cannot be judged.</exception>
    /// <exception cref="DatasetException">There are no labels, and images too alike or too few for clusters.</exception>
    /// <exception cref="Learning.Training.TrainingDivergedException">The loss is not finite.</exception>
    public static Judge Train(ImageDataset train, ulong seed, int? mostSteps = null, CancellationToken cancellation = default)
    {
        bool labelled = HasClasses(train);
        int[] labels = labelled
            ? train.Labels.ToArray()
            : [.. Clusterer.Run(new ClusteringSpec(), ClustersWithoutLabels, seed, train).Assignments];
        var training = new FeatureTraining
        {
            Channels = train.Channels,
            Height = train.Height,
            Width = train.Width,
            Classes = labelled ? train.ClassNames.Count : ClustersWithoutLabels,
            Seed = seed,
            Steps = Math.Min(StepsFor(train.Count), mostSteps ?? MostSteps),
        };
        return new Judge(FeatureNetwork.Train((rows, batch) => Fill(train, rows, batch), labels, training, cancellation));
    }

    /// <summary>Reads what <see cref="FeatureNetwork.Save"/> wrote.</summary>
    public static Judge Load(ReadOnlyMemory<byte> bytes) => new(FeatureNetwork.Load(bytes));

    /// <summary>Images as vectors of pixels in [-1, 1]. // (N, C H W)</summary>
    public static FeatureSet Pixels(ImageDataset images, ReadOnlySpan<int> rows)
    {
        ArgumentNullException.ThrowIfNull(images);
        var values = new float[rows.Length * images.ImageSize];
        Fill(images, rows, values);
        return new FeatureSet(values, images.ImageSize);
    }

    /// <summary>All images as vectors of pixels, a part at a time, so that a large set need not be in memory as floats.</summary>
    public static IEnumerable<FeatureSet> AllPixels(ImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Enumerable.Range(0, images.Count).Chunk(Math.Max(1, PixelsPerChunk / images.ImageSize)).Select(rows => Pixels(images, rows));
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    private static void Fill(ImageDataset images, ReadOnlySpan<int> rows, Span<float> batch)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            images.CopyNormalized(rows[i], batch.Slice(i * images.ImageSize, images.ImageSize));
        }
    }
}
