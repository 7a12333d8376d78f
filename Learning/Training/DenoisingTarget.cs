using OrleansDDM.Learning.Diffusion;

using static TorchSharp.torch;

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

    /// <summary>The regression target of the raw output, in the shape of <paramref name="clean"/>.</summary>
    /// <param name="parameterization">What the expert predicts.</param>
    /// <param name="clean">x0, (B, C, H, W).</param>
    /// <param name="noise">eps, (B, C, H, W).</param>
    /// <param name="alpha">(B, 1, 1, 1).</param>
    /// <param name="sigma">(B, 1, 1, 1).</param>
    public static Tensor Of(Parameterization parameterization, Tensor clean, Tensor noise, Tensor alpha, Tensor sigma) =>
        parameterization switch
        {
            Parameterization.X0 => clean,
            Parameterization.Eps => noise,
            Parameterization.V => alpha * noise - sigma * clean,
            Parameterization.Flow => noise - clean,
            Parameterization.Score => -noise,
            _ => throw new ArgumentOutOfRangeException(nameof(parameterization)),
        };

    /// <summary>Factor that turns the raw output at sigma into the prediction.</summary>
    public static double OutputScale(Parameterization parameterization, double sigma) =>
        parameterization == Parameterization.Score ? 1 / Math.Max(sigma, 1e-6) : 1;
}
