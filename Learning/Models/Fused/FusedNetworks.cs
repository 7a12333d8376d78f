using TorchSharp;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Finds the fused form of a network.</summary>
public static class FusedNetworks
{
    /// <summary>
    /// The fused form of a network, or null where there is none: another kind of network, device, dtype or processor, a width that is
    /// not a multiple of 16, a U-Net of images with more than 16 channels, frozen parameters.
    /// </summary>
    /// <param name="network">The network, whose parameters lie in <paramref name="vector"/>.</param>
    /// <param name="vector">Its model vector; both must outlive the result.</param>
    /// <param name="batch">Largest batch.</param>
    /// <param name="threads">Threads to use, the caller's included.</param>
    public static IFusedNetwork? TryCreate(Network network, ModelVector vector, int batch, int threads)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        bool possible = MatrixProduct.IsSupported
            && vector.Values.dtype == torch.float32 && vector.Values.device_type == DeviceType.CPU
            && network.parameters().All(p => p.requires_grad);
        if (!possible)
        {
            return null;
        }

        var arena = new NativeArena();
        FusedLayers? layers = network switch
        {
            DiffusionTransformer transformer when transformer.HiddenWidth % 16 == 0 => new FusedTransformerLayers(transformer, vector, arena),
            UNet unet when unet.Width % 16 == 0 && unet.Shape.Channels <= 16 => new FusedUNetLayers(unet, vector, arena),
            _ => null,
        };
        if (layers is null)
        {
            arena.Dispose();
            return null;
        }

        return new FusedNetwork(layers, vector, batch, threads, arena);
    }
}
