using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>A <see cref="NoisyBatch"/> as tensors, and the network's input made of it. They belong to the caller's dispose scope.</summary>
public sealed class NoisyTensors
{
    /// <summary>Makes the tensors.</summary>
    public NoisyTensors(NoisyBatch batch, ImageDataset images, INoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(images);
        long[] shape = [batch.Count, images.Channels, images.Height, images.Width];
        Clean = tensor(batch.Clean, shape);
        Noise = tensor(batch.Noise, shape);
        Time = tensor(batch.Time);
        Alpha = tensor(batch.Alpha, [batch.Count, 1, 1, 1]);
        Sigma = tensor(batch.Sigma, [batch.Count, 1, 1, 1]);
        var scales = new float[batch.Count];
        for (int i = 0; i < scales.Length; i++)
        {
            scales[i] = (float)DenoisingTarget.InputScale(schedule, batch.Alpha[i], batch.Sigma[i]);
        }

        Input = (Alpha * Clean + Sigma * Noise) * tensor(scales, [batch.Count, 1, 1, 1]);
    }

    /// <summary>x0, (B, C, H, W).</summary>
    public Tensor Clean { get; }

    /// <summary>eps, (B, C, H, W).</summary>
    public Tensor Noise { get; }

    /// <summary>t, (B).</summary>
    public Tensor Time { get; }

    /// <summary>alpha(t), (B, 1, 1, 1).</summary>
    public Tensor Alpha { get; }

    /// <summary>sigma(t), (B, 1, 1, 1).</summary>
    public Tensor Sigma { get; }

    /// <summary>x_t, scaled for the network, (B, C, H, W).</summary>
    public Tensor Input { get; }
}
