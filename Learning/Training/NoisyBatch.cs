using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// One batch on the host: clean images, their noise, and their levels. Everything drawn is keyed by (seed, stream, place, step).
/// </summary>
public sealed class NoisyBatch
{
    private const int TimesPerStratum = 32;

    private NoisyBatch(int count, int size)
    {
        Count = count;
        Clean = new float[count * size];
        Noise = new float[count * size];
        Time = new float[count];
        Alpha = new float[count];
        Sigma = new float[count];
    }

    /// <summary>Number of samples B.</summary>
    public int Count { get; }

    /// <summary>x0 in [-1, 1], (B, C, H, W).</summary>
    public float[] Clean { get; }

    /// <summary>eps, (B, C, H, W).</summary>
    public float[] Noise { get; }

    /// <summary>t in [0, 1], (B).</summary>
    public float[] Time { get; }

    /// <summary>alpha(t), (B).</summary>
    public float[] Alpha { get; }

    /// <summary>sigma(t), (B).</summary>
    public float[] Sigma { get; }

    /// <summary>x_t = alpha x0 + sigma eps, (B, C, H, W).</summary>
    public float[] Noisy() => Combine(Alpha, Sigma);

    /// <summary>a x0 + s eps with one coefficient each per sample, (B, C, H, W).</summary>
    /// <param name="a">Coefficient of the clean image, (B).</param>
    /// <param name="s">Coefficient of the noise, (B).</param>
    public float[] Combine(ReadOnlySpan<float> a, ReadOnlySpan<float> s)
    {
        var values = new float[Clean.Length];
        int size = Clean.Length / Count;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (a[i / size] * Clean[i]) + (s[i / size] * Noise[i]);
        }

        return values;
    }

    /// <summary>Draws a training batch.</summary>
    /// <param name="data">The images.</param>
    /// <param name="rows">Which of them.</param>
    /// <param name="diffusion">Path and distribution of times.</param>
    /// <param name="flip">Mirror images left-right at random.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="stream">Name of the draw, e.g. <c>expert-0</c>.</param>
    /// <param name="step">Step of the draw.</param>
    public static NoisyBatch Draw(
        ImageDataset data, IReadOnlyList<int> rows, DiffusionSpec diffusion, bool flip, ulong seed, string stream, int step)
    {
        ArgumentNullException.ThrowIfNull(diffusion);
        NoisyBatch batch = Load(data, rows);
        INoiseSchedule schedule = NoiseSchedules.Parse(diffusion.Path);
        Span<double> draw = stackalloc double[2];
        string noise = stream + "/noise";
        string times = stream + "/time";
        for (int i = 0; i < batch.Count; i++)
        {
            CounterRandom.Normal(batch.Part(batch.Noise, i), seed, noise, (ulong)i, (ulong)step);
            CounterRandom.Uniform(draw, seed, times, (ulong)i, (ulong)step);

            // One stratum of t for each place of the batch halves the variance of the loss and changes no expectation.
            double uniform = (i + draw[0]) / batch.Count;
            double t = diffusion.Times == "logit-normal" ? LogitNormal(uniform, diffusion) : uniform;
            batch.SetLevel(i, schedule, t);
            if (flip && draw[1] < 0.5)
            {
                Mirror(batch.Part(batch.Clean, i), data.Width);
            }
        }

        return batch;
    }

    /// <summary>
    /// A batch for a paired evaluation: each image at its <see cref="PairedTime"/>, with noise that depends on (seed, row, stratum) alone too,
    /// so that every model is judged on the same draws.
    /// </summary>
    public static NoisyBatch Paired(ImageDataset data, IReadOnlyList<int> rows, INoiseSchedule schedule, ulong seed, int stratum, int strata)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        NoisyBatch batch = Load(data, rows);
        for (int i = 0; i < batch.Count; i++)
        {
            CounterRandom.Normal(batch.Part(batch.Noise, i), seed, "paired-loss", (ulong)rows[i], (ulong)stratum);
            batch.SetLevel(i, schedule, PairedTime(seed, rows[i], stratum, strata));
        }

        return batch;
    }

    /// <summary>
    /// Time of an image in a paired evaluation: one of 32 times evenly spread over stratum <paramref name="stratum"/> of <paramref name="strata"/>, in (0, 1),
    /// drawn by (seed, row, stratum). So few that images of one time can be asked for together, so many that no time is left out.
    /// </summary>
    public static double PairedTime(ulong seed, int row, int stratum, int strata) =>
        (stratum + ((CounterRandom.Index(TimesPerStratum, seed, "paired-time", (ulong)row, (ulong)stratum) + 0.5) / TimesPerStratum)) / strata;

    private static NoisyBatch Load(ImageDataset data, IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(rows);
        var batch = new NoisyBatch(rows.Count, data.Channels * data.Height * data.Width);
        for (int i = 0; i < rows.Count; i++)
        {
            data.CopyNormalized(rows[i], batch.Part(batch.Clean, i));
        }

        return batch;
    }

    private static double LogitNormal(double uniform, DiffusionSpec diffusion)
    {
        double clamped = Math.Clamp(uniform, 1e-9, 1 - 1e-9);
        double z = MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, clamped);
        return 1 / (1 + Math.Exp(-(diffusion.LogitMean + diffusion.LogitStd * z)));
    }

    private static void Mirror(Span<float> image, int width)
    {
        for (int row = 0; row < image.Length; row += width)
        {
            image.Slice(row, width).Reverse();
        }
    }

    private Span<float> Part(float[] values, int i) => values.AsSpan(i * (values.Length / Count), values.Length / Count);

    private void SetLevel(int i, INoiseSchedule schedule, double t)
    {
        Time[i] = (float)t;
        Alpha[i] = (float)schedule.Alpha(t);
        Sigma[i] = (float)schedule.Sigma(t);
    }
}
