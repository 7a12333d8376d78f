namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// One DiT block on a few images at a time, whose activations it keeps from the forward to the backward pass. It computes what
/// <see cref="TransformerBlock"/> computes.
/// </summary>
internal sealed unsafe class FusedBlock
{
    private readonly FusedBlockLayers _layers;
    private readonly FusedAttention _attention;
    private readonly FusedScratch _scratch;
    private readonly int _tokens;
    private readonly int _width;
    private readonly FusedNorm _norm1;
    private readonly float* _qkv;
    private readonly float* _probabilities;
    private readonly float* _attended;
    private readonly float* _projected;
    private readonly FusedNorm _norm2;
    private readonly float* _hidden;
    private readonly float* _slope;
    private readonly float* _output;

    /// <summary>Allocates the activations of up to <paramref name="images"/> images.</summary>
    public FusedBlock(FusedBlockLayers layers, FusedAttention attention, FusedScratch scratch, int images, int tokens, int width, NativeArena arena)
    {
        (_layers, _attention, _scratch, _tokens, _width) = (layers, attention, scratch, tokens, width);
        long size = (long)images * tokens * width;
        _norm1 = new FusedNorm(images, tokens, width, arena);
        _qkv = arena.Allocate(3 * size);
        _probabilities = arena.Allocate((long)images * attention.ProbabilityCount);
        _attended = arena.Allocate(size);
        _projected = arena.Allocate(size);
        _norm2 = new FusedNorm(images, tokens, width, arena);
        _hidden = arena.Allocate(4 * size);
        _slope = arena.Allocate(4 * size);
        _output = arena.Allocate(size);
    }

    /// <summary>Adds attention and perceptron to <paramref name="h"/>.</summary>
    /// <param name="h">(images, T, d).</param>
    /// <param name="images">Number of images.</param>
    /// <param name="modulation">Of the first image: shift, scale, gate of the attention, then of the perceptron, each (d).</param>
    /// <param name="row">Distance of the next image's modulation.</param>
    public void Forward(float* h, int images, float* modulation, int row)
    {
        int rows = images * _tokens;
        _norm1.Forward(h, images, modulation, modulation + _width, row, _scratch.Modulated);
        _layers.Qkv.Forward(_scratch.Modulated, rows, _qkv);
        for (int i = 0; i < images; i++)
        {
            _attention.Forward(_qkv + 3 * Image(i), _probabilities + i * _attention.ProbabilityCount, _attended + Image(i));
        }

        _layers.Project.Forward(_attended, rows, _projected);
        AddGated(_projected, images, modulation + 2 * _width, row, h);

        _norm2.Forward(h, images, modulation + 3 * _width, modulation + 4 * _width, row, _scratch.Modulated);
        _layers.Up.Forward(_scratch.Modulated, rows, _hidden);
        RowKernels.Gelu(_hidden, rows * 4 * _width, _slope);
        _layers.Down.Forward(_hidden, rows, _output);
        AddGated(_output, images, modulation + 5 * _width, row, h);
    }

    /// <summary>Turns dh after the block into dh before it, writes the modulation's gradient and adds the parameters' to <paramref name="gradient"/>.</summary>
    public void Backward(float* dh, int images, float* modulation, float* dmodulation, int row, float* gradient)
    {
        int rows = images * _tokens;
        AddGatedBackward(dh, _output, images, modulation + 5 * _width, dmodulation + 5 * _width, row, _scratch.Narrow);
        _layers.Down.ParameterGradient(_hidden, _scratch.Narrow, rows, gradient);
        _layers.Down.InputGradient(_scratch.Narrow, rows, _scratch.Wide);
        RowKernels.MultiplyBy(_scratch.Wide, _slope, rows * 4 * _width);
        _norm2.Modulate(images, modulation + 3 * _width, modulation + 4 * _width, row, _scratch.Modulated);
        _layers.Up.ParameterGradient(_scratch.Modulated, _scratch.Wide, rows, gradient);
        _layers.Up.InputGradient(_scratch.Wide, rows, _scratch.Narrow);
        _norm2.Backward(_scratch.Narrow, images, modulation + 4 * _width, dmodulation + 3 * _width, dmodulation + 4 * _width, row, dh);

        AddGatedBackward(dh, _projected, images, modulation + 2 * _width, dmodulation + 2 * _width, row, _scratch.Narrow);
        _layers.Project.ParameterGradient(_attended, _scratch.Narrow, rows, gradient);
        _layers.Project.InputGradient(_scratch.Narrow, rows, _scratch.Modulated);
        for (int i = 0; i < images; i++)
        {
            float* p = _probabilities + i * _attention.ProbabilityCount;
            _attention.Backward(_qkv + 3 * Image(i), p, _scratch.Modulated + Image(i), _scratch.Wide + 3 * Image(i));
        }

        _norm1.Modulate(images, modulation, modulation + _width, row, _scratch.Modulated);
        _layers.Qkv.ParameterGradient(_scratch.Modulated, _scratch.Wide, rows, gradient);
        _layers.Qkv.InputGradient(_scratch.Wide, rows, _scratch.Narrow);
        _norm1.Backward(_scratch.Narrow, images, modulation + _width, dmodulation, dmodulation + _width, row, dh);
    }

    private void AddGated(float* y, int images, float* gate, int row, float* h)
    {
        for (int i = 0; i < images; i++)
        {
            RowKernels.AddGated(y + Image(i), _tokens, _width, gate + i * row, h + Image(i));
        }
    }

    private void AddGatedBackward(float* dh, float* y, int images, float* gate, float* dgate, int row, float* dy)
    {
        for (int i = 0; i < images; i++)
        {
            RowKernels.AddGatedBackward(dh + Image(i), y + Image(i), _tokens, _width, gate + i * row, dgate + i * row, dy + Image(i));
        }
    }

    private int Image(int i) => i * _tokens * _width;
}
