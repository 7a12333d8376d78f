using OrleansDDM.Learning.Models;

namespace OrleansDDM.Learning.Classification;

/// <summary>
/// GN-LeNet (Hsieh et al., ICML 2020): three 5x5 convolutions of 32, 32 and 64 channels, each with group norm of two groups, ReLU and 3x3
/// max pooling with stride 2, then one linear layer. On 3x32x32 it has 85,354 parameters.
/// </summary>
/// <param name="Channels">Channels of the images.</param>
/// <param name="Height">Height, at least 15.</param>
/// <param name="Width">Width, at least 15.</param>
/// <param name="Outputs">Classes.</param>
public sealed record GroupNormLeNetKind(int Channels, int Height, int Width, int Outputs)
    : ClassifierKind("gn-lenet", Channels * Height * Width, Outputs, Layout(Channels, Height, Width, Outputs))
{
    /// <summary>Groups of each norm.</summary>
    public const int Groups = 2;

    /// <summary>Side of the kernels.</summary>
    public const int Kernel = 5;

    /// <summary>Channels after each convolution.</summary>
    public static IReadOnlyList<int> Maps { get; } = [32, 32, 64];

    /// <inheritdoc/>
    public override double TrainingFlops
    {
        get
        {
            double flops = 6.0 * Maps[^1] * Pooled(Height, 3) * Pooled(Width, 3) * Outputs;
            for (int l = 0; l < Maps.Count; l++)
            {
                double positions = (double)Pooled(Height, l) * Pooled(Width, l);
                flops += (l == 0 ? 4.0 : 6.0) * (l == 0 ? Channels : Maps[l - 1]) * Maps[l] * Kernel * Kernel * positions;
            }

            return flops;
        }
    }

    /// <summary>Side after so many poolings.</summary>
    public static int Pooled(int side, int times) => times == 0 ? side : Pooled(((side - 3) / 2) + 1, times - 1);

    /// <inheritdoc/>
    public override (long In, long Out) FansOf(Segment weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        long kernel = weight.Shape.Length > 2 ? weight.Shape[2] * weight.Shape[3] : 1;
        return weight.Shape.Length > 2 ? (weight.Shape[1] * kernel, weight.Shape[0] * kernel) : (weight.Shape[0], weight.Shape[1]);
    }

    private static IReadOnlyList<Segment> Layout(int channels, int height, int width, int outputs)
    {
        if (Math.Min(height, width) < 15)
        {
            throw new ArgumentException($"GN-LeNet needs images of at least 15x15 pixels, not {height}x{width}.", nameof(height));
        }

        var layout = new ClassifierSegments();
        for (int l = 0; l < Maps.Count; l++)
        {
            layout.Add($"conv{l}.weight", SegmentRole.Weight, Maps[l], l == 0 ? channels : Maps[l - 1], Kernel, Kernel)
                .Add($"conv{l}.bias", SegmentRole.Bias, Maps[l])
                .Add($"norm{l}.weight", SegmentRole.Norm, Maps[l])
                .Add($"norm{l}.bias", SegmentRole.Norm, Maps[l]);
        }

        return layout.Add("head.weight", SegmentRole.Weight, (long)Maps[^1] * Pooled(height, 3) * Pooled(width, 3), outputs)
            .Add("head.bias", SegmentRole.Bias, outputs).All;
    }
}
