using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// How a network's raw output relates to what the expert predicts. Networks see an input of about unit variance and are trained by the
/// mean squared error on a target of about unit variance; the score, which is not, is the raw output divided by sigma.
/// </summary>
public static class DenoisingTarget
{
    // EDM's sigma_data (Karras et al. 2022): the assumed standard deviation of the data.
    private const double DataDeviation = 0.5;

    /// <summary>Factor on x_t before the network; 1 for the flow and the variance-preserving paths, whose x_t is of unit scale already.</summary>
    public static double InputScale(INoiseSchedule schedule, double alpha, double sigma)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return schedule.Id == "edm" ? 1 / Math.Sqrt(alpha * alpha * DataDeviation * DataDeviation + sigma * sigma) : 1;
    }

    /// <summary>What the network sees of a batch: x_t, scaled. (B, C, H, W)</summary>
    public static float[] Input(INoiseSchedule schedule, NoisyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var alpha = new float[batch.Count];
        var sigma = new float[batch.Count];
        for (int i = 0; i < batch.Count; i++)
        {
            float scale = (float)InputScale(schedule, batch.Alpha[i], batch.Sigma[i]);
            (alpha[i], sigma[i]) = (scale * batch.Alpha[i], scale * batch.Sigma[i]);
        }

        return batch.Combine(alpha, sigma);
    }

    /// <summary>The regression target of the raw output, (B, C, H, W).</summary>
    public static float[] Of(Parameterization parameterization, NoisyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        float[] Constant(float value) => [.. Enumerable.Repeat(value, batch.Count)];
        return parameterization switch
        {
            Parameterization.X0 => batch.Clean,
            Parameterization.Eps => batch.Noise,
            Parameterization.V => batch.Combine(Array.ConvertAll(batch.Sigma, sigma => -sigma), batch.Alpha),
            Parameterization.Flow => batch.Combine(Constant(-1), Constant(1)),
            Parameterization.Score => batch.Combine(Constant(0), Constant(-1)),
            _ => throw new ArgumentOutOfRangeException(nameof(parameterization)),
        };
    }

    /// <summary>Factor that turns the raw output at sigma into the prediction.</summary>
    public static double OutputScale(Parameterization parameterization, double sigma) =>
        parameterization == Parameterization.Score ? 1 / Math.Max(sigma, 1e-6) : 1;
}
