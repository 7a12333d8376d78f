using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>How well a router tells the clusters apart in one stratum of t.</summary>
/// <param name="Time">t in the middle of the stratum.</param>
/// <param name="Accuracy">Share of images whose most probable cluster is theirs.</param>
/// <param name="Confusion">Images by [true cluster][most probable cluster].</param>
public sealed record RouterJudgement(double Time, double Accuracy, int[][] Confusion)
{
    /// <summary>Judges a router on held-out images, at times and noise as in <see cref="HeldOutLoss"/>.</summary>
    /// <param name="router">The router.</param>
    /// <param name="schedule">The path x_t is drawn from.</param>
    /// <param name="images">Held-out images.</param>
    /// <param name="clusters">Cluster of each of the images.</param>
    /// <param name="rows">Which images to take.</param>
    /// <param name="strata">Number of strata of t.</param>
    /// <param name="seed">Seed of the draws.</param>
    public static IReadOnlyList<RouterJudgement> Of(
        IRouter<float> router, INoiseSchedule schedule, ImageDataset images, IReadOnlyList<int> clusters, IReadOnlyList<int> rows, int strata, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(router);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(clusters);
        ArgumentNullException.ThrowIfNull(rows);
        return [.. Enumerable.Range(0, strata).Select(stratum => Of(router, schedule, images, clusters, rows, stratum, strata, seed))];
    }

    private static RouterJudgement Of(
        IRouter<float> router, INoiseSchedule schedule, ImageDataset images, IReadOnlyList<int> clusters, IReadOnlyList<int> rows, int stratum, int strata, ulong seed)
    {
        int[][] confusion = [.. Enumerable.Range(0, router.Count).Select(_ => new int[router.Count])];
        foreach ((double time, int[] places) in HeldOutLoss.Places(rows, seed, stratum, strata))
        {
            int[] some = Array.ConvertAll(places, place => rows[place]);
            NoisyBatch batch = NoisyBatch.Paired(images, some, schedule, seed, stratum, strata);
            State<float> x = State<float>.Of([batch.Count, images.Channels, images.Height, images.Width], batch.Noisy());
            double[] weights = router.WeightsAsync(x, schedule.At(time), Condition.None).AsTask().GetAwaiter().GetResult();
            for (int i = 0; i < some.Length; i++)
            {
                int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(weights.AsSpan(i * router.Count, router.Count));
                confusion[clusters[some[i]]][best]++;
            }
        }

        int right = Enumerable.Range(0, router.Count).Sum(k => confusion[k][k]);
        return new RouterJudgement((stratum + 0.5) / strata, right / (double)rows.Count, confusion);
    }
}
