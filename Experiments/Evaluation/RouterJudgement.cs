using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>How well a router tells the clusters apart at one time.</summary>
/// <param name="Time">t.</param>
/// <param name="Accuracy">Share of images whose most probable cluster is theirs.</param>
/// <param name="Confusion">Images by [true cluster][most probable cluster].</param>
public sealed record RouterJudgement(double Time, double Accuracy, int[][] Confusion)
{
    /// <summary>Judges a router on held-out images at the middle of each stratum of t.</summary>
    public static IReadOnlyList<RouterJudgement> Of(
        IRouter<float> router, INoiseSchedule schedule, ImageDataset images, IReadOnlyList<int> clusters, int count, int strata, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(router);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(clusters);
        int[] rows = [.. Enumerable.Range(0, count)];
        return [.. Enumerable.Range(0, strata).Select(stratum => Of(router, schedule, images, clusters, rows, stratum, strata, seed))];
    }

    private static RouterJudgement Of(
        IRouter<float> router, INoiseSchedule schedule, ImageDataset images, IReadOnlyList<int> clusters, int[] rows, int stratum, int strata, ulong seed)
    {
        NoisyBatch batch = NoisyBatch.Paired(images, rows, schedule, seed, stratum, strata);
        Level level = schedule.At((stratum + 0.5) / strata);
        State<float> x = State<float>.Of([batch.Count, images.Channels, images.Height, images.Width], batch.Noisy());
        double[] weights = router.WeightsAsync(x, level, Condition.None).AsTask().GetAwaiter().GetResult();
        int[][] confusion = [.. Enumerable.Range(0, router.Count).Select(_ => new int[router.Count])];
        for (int i = 0; i < rows.Length; i++)
        {
            ReadOnlySpan<double> row = weights.AsSpan(i * router.Count, router.Count);
            int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(row);
            confusion[clusters[rows[i]]][best]++;
        }

        int right = Enumerable.Range(0, router.Count).Sum(k => confusion[k][k]);
        return new RouterJudgement(level.Time, right / (double)rows.Length, confusion);
    }
}
