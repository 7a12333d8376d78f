using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>
/// The held-out flow-matching loss of an ensemble: E || u_hat - (eps - x0) ||^2 per value, at times and noise that depend on (seed, row,
/// stratum) alone, so that two ensembles can be compared pair by pair.
/// </summary>
public static class HeldOutLoss
{
    private const int Chunk = 256;

    /// <summary>The squared error of each image at each stratum of t, (N, strata) row-major; the mean over values of the image.</summary>
    /// <param name="denoiser">The ensemble under a mixing rule.</param>
    /// <param name="schedule">The path x_t is drawn from.</param>
    /// <param name="images">Held-out images.</param>
    /// <param name="rows">Which of them, N rows.</param>
    /// <param name="strata">Number of strata of t.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="labels">Expert of each of the images, for the rule <c>oracle</c>.</param>
    /// <param name="conditional">Whether the networks are told the label of each image.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static double[] Errors(
        EnsembleDenoiser<float> denoiser,
        INoiseSchedule schedule,
        ImageDataset images,
        IReadOnlyList<int> rows,
        int strata,
        ulong seed,
        IReadOnlyList<int>? labels = null,
        bool conditional = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(rows);
        var errors = new double[rows.Count * strata];
        for (int stratum = 0; stratum < strata; stratum++)
        {
            foreach ((double time, int[] places) in Places(rows, seed, stratum, strata))
            {
                cancellation.ThrowIfCancellationRequested();
                int[] some = Array.ConvertAll(places, place => rows[place]);
                NoisyBatch batch = NoisyBatch.Paired(images, some, schedule, seed, stratum, strata);
                var context = new MixingContext
                {
                    SampleIds = Array.ConvertAll(some, row => (ulong)row),
                    Seed = seed,
                    Step = stratum,
                    Labels = labels is null ? null : Array.ConvertAll(some, row => labels[row]),
                };
                var condition = new Condition(conditional ? Array.ConvertAll(some, row => images.Labels.Span[row]) : null);
                double[] batchErrors = Errors(denoiser, schedule.At(time), batch, images, context, condition, cancellation);
                for (int i = 0; i < places.Length; i++)
                {
                    errors[(places[i] * strata) + stratum] = batchErrors[i];
                }
            }
        }

        return errors;
    }

    /// <summary>Places in <paramref name="rows"/> whose images share a time, by time, in batches of bounded size: networks are asked at one time a batch.</summary>
    internal static IEnumerable<(double Time, int[] Places)> Places(IReadOnlyList<int> rows, ulong seed, int stratum, int strata) =>
        Enumerable.Range(0, rows.Count)
            .GroupBy(place => NoisyBatch.PairedTime(seed, rows[place], stratum, strata))
            .OrderBy(group => group.Key)
            .SelectMany(group => group.Chunk(Chunk).Select(places => (group.Key, places)));

    private static double[] Errors(
        EnsembleDenoiser<float> denoiser,
        Level level,
        NoisyBatch batch,
        ImageDataset images,
        MixingContext context,
        Condition condition,
        CancellationToken cancellation)
    {
        int size = images.ImageSize;
        State<float> x = State<float>.Of([batch.Count, images.Channels, images.Height, images.Width], batch.Noisy());

        // Local predictors complete synchronously: this does not block on another thread.
        Denoised<float> denoised = denoiser.DenoiseAsync(x, level, condition, context, cancellation).AsTask().GetAwaiter().GetResult();
        float[] x0 = denoised.X0["x"].Values;

        // u = eps - x0 with eps = (x - alpha x0) / sigma, so an error of x0 is one of u times (alpha + sigma) / sigma.
        double factor = Math.Pow((level.Alpha + level.Sigma) / level.Sigma, 2) / size;
        var errors = new double[batch.Count];
        for (int i = 0; i < x0.Length; i++)
        {
            double difference = x0[i] - batch.Clean[i];
            errors[i / size] += difference * difference * factor;
        }

        return errors;
    }
}
