using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>A network's answer without gradient: from its fused form where it has one, else from the module.</summary>
/// <param name="network">The network, in <paramref name="dtype"/>.</param>
/// <param name="dtype">Its dtype.</param>
/// <param name="fused">Its fused form, which has taken over the weights, or null.</param>
public sealed class NetworkForward(Network network, ScalarType dtype, IFusedNetwork? fused)
{
    private readonly Device _device = network.parameters().First().device;

    /// <summary>Runs the network.</summary>
    /// <param name="input">(B, C, H, W), float32 on the CPU.</param>
    /// <param name="time">(B).</param>
    /// <param name="classes">(B) int64 on the CPU, the number of classes = none; null = none for all.</param>
    /// <returns>(B, C, H, W) for a denoiser, (B, K) for a router; float32 on the CPU, in the caller's dispose scope.</returns>
    public Tensor Run(Tensor input, Tensor time, Tensor? classes)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(time);
        using IDisposable noGrad = no_grad();
        return fused is null
            ? network.forward(input.to(dtype, _device), time.to(_device), classes?.to(_device)).to(float32).cpu()
            : RunFused(fused, input, time, classes);
    }

    private static Tensor RunFused(IFusedNetwork fused, Tensor input, Tensor time, Tensor? classes)
    {
        using Tensor plain = input.contiguous();
        float[] x = plain.data<float>().ToArray();
        float[] times = time.data<float>().ToArray();
        long[] rows = classes is null ? [] : classes.data<long>().ToArray();
        int size = x.Length / times.Length;
        var output = new float[times.Length * fused.OutputSize];
        for (int start = 0; start < times.Length; start += fused.Batch)
        {
            int count = Math.Min(fused.Batch, times.Length - start);
            fused.Predict(
                x.AsSpan(start * size, count * size),
                times.AsSpan(start, count),
                rows.Length == 0 ? [] : rows.AsSpan(start, count),
                output.AsSpan(start * fused.OutputSize, count * fused.OutputSize));
        }

        return tensor(output, [times.Length, .. fused.OutputShape]);
    }
}
