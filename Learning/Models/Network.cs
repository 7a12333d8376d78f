using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// A network that sees a noisy sample and its time. Denoisers answer in the shape of the sample, routers with K logits.
/// </summary>
public abstract class Network(string name) : nn.Module<Tensor, Tensor, Tensor?, Tensor>(name)
{
    /// <summary>Runs the network.</summary>
    /// <param name="x">Noisy samples, (B, C, H, W).</param>
    /// <param name="time">Times in [0, 1], (B).</param>
    /// <param name="classes">Class of each sample, (B) int64, the number of classes = none; null = none for all.</param>
    /// <returns>(B, C, H, W) for a denoiser, (B, K) for a router.</returns>
    public abstract override Tensor forward(Tensor x, Tensor time, Tensor? classes);
}
