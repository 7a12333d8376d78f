using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// One residual block of a U-Net on a few images at a time, whose activations it keeps from the forward to the backward pass. It computes
/// what <see cref="ResidualBlock"/> computes.
/// </summary>
internal sealed unsafe class FusedResidualBlock
{
    private readonly FusedResidualLayers _layers;
    private readonly FeatureMap _input;
    private readonly FeatureMap _output;
    private readonly FusedGroupNorm _norm1;
    private readonly FeatureMap _inner;
    private readonly FusedGroupNorm _norm2;
    private readonly FeatureMap _wide;
    private readonly FeatureMap _narrow;
    private readonly float* _start;

    /// <summary>A block from one map to another, which it reads and writes where they lie.</summary>
    /// <param name="layers">Its layers.</param>
    /// <param name="input">(images, inputs, H, W), which must be unchanged from the forward to the backward pass.</param>
    /// <param name="output">(images, outputs, H, W).</param>
    /// <param name="scratch">Two maps of enough channels that are used within one call only.</param>
    /// <param name="images">Largest number of images.</param>
    /// <param name="arena">Keeps the activations.</param>
    public FusedResidualBlock(
        FusedResidualLayers layers, FeatureMap input, FeatureMap output, (FeatureMap First, FeatureMap Second) scratch, int images, NativeArena arena)
    {
        (_layers, _input, _output) = (layers, input, output);
        _norm1 = new FusedGroupNorm(layers.Vector, layers.Name + ".norm1", input, images, arena);
        _inner = new FeatureMap(input.Geometry, output.Channels, images, arena);
        _norm2 = new FusedGroupNorm(layers.Vector, layers.Name + ".norm2", _inner, images, arena);
        _wide = scratch.First.Slice(0, input.Channels);
        _narrow = scratch.Second.Slice(0, output.Channels);
        _start = arena.Allocate((long)images * output.Channels);
    }

    /// <summary>Writes the output.</summary>
    /// <param name="images">Number of images.</param>
    /// <param name="modulation">Of the first image.</param>
    /// <param name="row">Distance of the next image's modulation.</param>
    public void Forward(int images, float* modulation, int row)
    {
        int channels = _output.Channels;
        var bias = new ReadOnlySpan<float>(_layers.First.Bias, channels);
        for (int i = 0; i < images; i++)
        {
            TensorPrimitives.Add(
                bias, new ReadOnlySpan<float>(modulation + i * row + _layers.Modulation, channels), new Span<float>(_start + i * channels, channels));
        }

        _norm1.Forward(images);
        _layers.First.Forward(_norm1.Output, images, _start, channels, null, _inner);
        _norm2.Forward(images);
        _layers.Skip?.Forward(_input, images, _layers.Skip.Bias, 0, null, _narrow);
        _layers.Second.Forward(_norm2.Output, images, _layers.Second.Bias, 0, _layers.Skip is null ? _input : _narrow, _output);
    }

    /// <summary>Writes the gradients of input and modulation and adds the parameters'.</summary>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="dmodulation">Of the first image.</param>
    /// <param name="row">Distance of the next image's modulation.</param>
    /// <param name="dx">Gradient of the input, another map than <paramref name="dy"/>.</param>
    /// <param name="gradient">Flat gradient of the whole model.</param>
    public void Backward(FeatureMap dy, int images, float* dmodulation, int row, FeatureMap dx, float* gradient)
    {
        _layers.Second.WeightGradient(_norm2.Output, dy, images, gradient);
        _layers.Second.BiasGradient(dy, images, gradient);
        _layers.Second.InputGradient(dy, images, _narrow);
        _norm2.Backward(_narrow, images, null, _narrow, gradient);

        _layers.First.WeightGradient(_norm1.Output, _narrow, images, gradient);
        _layers.First.BiasGradient(_narrow, images, gradient);
        for (int i = 0; i < images; i++)
        {
            float* d = dmodulation + i * row + _layers.Modulation;
            new Span<float>(d, _output.Channels).Clear();
            MapKernels.AddPixels(_narrow, i, d);
        }

        _layers.First.InputGradient(_narrow, images, _wide);
        if (_layers.Skip is not null)
        {
            _layers.Skip.WeightGradient(_input, dy, images, gradient);
            _layers.Skip.BiasGradient(dy, images, gradient);
            _layers.Skip.InputGradient(dy, images, dx);
        }

        _norm1.Backward(_wide, images, _layers.Skip is null ? dy : dx, dx, gradient);
    }
}
