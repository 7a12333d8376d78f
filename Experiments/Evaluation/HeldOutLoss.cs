using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>
/// The held-out flow-matching loss of an ensemble: E || u_hat - (eps - x0) ||^2 per value, on draws that depend on (seed, image, stratum)
/// alone, so that two ensembles can be compared pair by pair.
/// </summary>
public static class HeldOutLoss
{
    private const int Chunk = 256;

    /// <summary>The squared error of each image at each stratum of t, (N, strata) row-major; the mean over values of the image.</summary>
    /// <param name="denoiser">The ensemble under a mixing rule.</param>
    /// <param name="schedule">The path x_t is drawn from.</param>
    /// <param name="images">Held-out images.</param>
    /// <param name="count">How many of them, from the first.</param>
    /// <param name="strata">Number of strata of t.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="labels">Expert of each image, for the rule <c>oracle</c>.</param>
    /// <param name="classes">Class of each image, for conditional models; null = unconditional.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static double[] Errors(
        EnsembleDenoiser<float> denoiser,
        INoiseSchedule schedule,
        ImageDataset images,
        int count,
        int strata,
        ulong seed,
        IReadOnlyList<int>? labels = null,
        IReadOnlyList<int>? classes = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(images);
        var errors = new double[count * strata];
        for (int start = 0; start < count; start += Chunk)
        {
            int[] rows = [.. Enumerable.Range(start, Math.Min(Chunk, count - start))];
            for (int stratum = 0; stratum < strata; stratum++)
            {
                cancellation.ThrowIfCancellationRequested();
                NoisyBatch batch = NoisyBatch.Paired(images, rows, schedule, seed, stratum, strata);
                var context = new MixingContext
                {
                    SampleIds = [.. rows.Select(row => (ulong)row)],
                    Seed = seed,
                    Step = stratum,
                    Labels = labels is null ? null : [.. rows.Select(row => labels[row])],
                };
                var condition = new Condition(classes is null ? null : [.. rows.Select(row => classes[row])]);
                double[] batchErrors = Errors(denoiser, schedule.At((stratum + 0.5) / strata), batch, images, context, condition, cancellation);
                for (int i = 0; i < rows.Length; i++)
                {
                    errors[rows[i] * strata + stratum] = batchErrors[i];
                }
            }
        }

        return errors;
    }

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
