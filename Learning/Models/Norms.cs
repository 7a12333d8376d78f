using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>Normalisation layers with defined parameters: TorchSharp 0.107 leaves those of <c>GroupNorm</c> uninitialised.</summary>
internal static class Norms
{
    /// <summary>Group norm with groups of 8 channels, scale 1 and shift 0.</summary>
    public static GroupNorm Group(int channels)
    {
        GroupNorm norm = GroupNorm(channels / 8, channels);
        using IDisposable noGrad = no_grad();
        init.ones_(norm.weight!);
        init.zeros_(norm.bias!);
        return norm;
    }
}
