using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The judge that all arms and seeds of a comparison share. Not thread-safe.</summary>
public sealed class CompareJudge : IDisposable
{
    private const int FloorDraws = 8;

    private readonly CompareMetric _metric;
    private readonly Judge _judge;

    private CompareJudge(CompareMetric metric, Judge judge)
    {
        _metric = metric;
        _judge = judge;
    }

    /// <summary>Name of the feature space.</summary>
    public string FeatureSpace => _judge.Network.Name;

    /// <summary>Trains the judge on the training images, as <c>evaluate</c> does.</summary>
    /// <exception cref="SpecException">Images that cannot be judged; nothing was trained yet.</exception>
    public static CompareJudge Train(CompareMetric metric, DataSplits splits, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(splits);
        if (Judge.Obstacle(splits) is { } obstacle)
        {
            throw new SpecException("data.name", $"cannot be compared on: {obstacle}");
        }

        if (splits.Validation.Count < Judge.LeastImages)
        {
            throw new SpecException("data.validation", $"leaves {splits.Validation.Count} validation images, at least {Judge.LeastImages} are needed");
        }

        return new CompareJudge(metric, Judge.Train(splits.Train, metric.Seed, metric.JudgeSteps, cancellation));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    public static CompareJudge Load(CompareMetric metric, ReadOnlyMemory<byte> bytes) => new(metric, Judge.Load(bytes));

    /// <summary>The network, as the bytes of a safetensors file.</summary>
    public byte[] Save() => _judge.Network.Save();

    /// <summary>What real images get that the judge has not seen.</summary>
    public JudgeFacts Facts(DataSplits splits, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        int[] rows = splits.Test.RowsByRank(_metric.ReferenceImages, _metric.Seed);
        FeatureSet test = Judge.Pixels(splits.Test, rows);
        FeatureSet unseen = Features(splits.Validation, splits.Validation.Count, cancellation);
        Gaussian reference = Gaussian.Of(_judge.Network.Features(test.Values, cancellation));
        SeedStatistic floor = SeedStatistic.Of(Enumerable.Range(0, unseen.Count > _metric.Samples ? FloorDraws : 1).Select(
            i => FrechetDistance.Between(Gaussian.Of(unseen.Choose(_metric.Samples, _metric.Seed + (ulong)i)), reference)));
        bool labelled = splits.Test.HasLabels && Judge.HasClasses(splits.Train);
        return new JudgeFacts(
            FeatureSpace,
            labelled ? _judge.Network.Accuracy(test.Values, Array.ConvertAll(rows, row => splits.Test.Labels.Span[row]), cancellation) : null,
            floor.Mean,
            floor.Count > 1 ? floor.Deviation : 0,
            Math.Min(unseen.Count, _metric.Samples),
            rows.Length,
            Math.Min(splits.Validation.Count, _metric.ReferenceImages));
    }

    /// <summary>What samples are compared with.</summary>
    public Gaussian Reference(ImageDataset images, CancellationToken cancellation = default) =>
        Gaussian.Of(Features(images, _metric.ReferenceImages, cancellation));

    /// <summary>Fréchet distance of samples.</summary>
    /// <param name="samples">(N, C, H, W).</param>
    /// <param name="reference">What they are compared with.</param>
    /// <param name="cancellation">Stops the computation.</param>
    public double Distance(float[] samples, Gaussian reference, CancellationToken cancellation = default) =>
        FrechetDistance.Between(Gaussian.Of(_judge.Network.Features(samples, cancellation)), reference);

    /// <inheritdoc/>
    public void Dispose() => _judge.Dispose();

    private FeatureSet Features(ImageDataset images, int count, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(images);
        return _judge.Network.Features(Judge.Pixels(images, images.RowsByRank(count, _metric.Seed)).Values, cancellation);
    }
}
