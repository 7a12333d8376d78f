using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Forward and backward pass of a transformer on a few images at a time.</summary>
internal sealed unsafe class FusedTransformerWorker : FusedWorker
{
    private readonly FusedTransformerLayers _layers;
    private readonly FusedBlock[] _blocks;
    private readonly FusedNorm _norm;
    private readonly FusedScratch _scratch;
    private readonly float* _tokens;
    private readonly float* _hidden;
    private readonly float* _modulated;
    private readonly float* _pooled;

    /// <summary>Allocates the activations of up to <paramref name="images"/> images.</summary>
    public FusedTransformerWorker(FusedTransformerLayers layers, int images, long parameters, NativeArena arena)
        : base(layers.Pools ? layers.Head.Outputs : layers.Shape.Size, images, parameters, arena)
    {
        _layers = layers;
        long hidden = (long)images * layers.Tokens * layers.Width;
        var attention = new FusedAttention(layers.Tokens, layers.Width, layers.Heads, arena);
        _scratch = new FusedScratch(images, layers.Tokens, layers.Width, arena);
        _blocks = [.. layers.Blocks.Select(block => new FusedBlock(block, attention, _scratch, images, layers.Tokens, layers.Width, arena))];
        _norm = new FusedNorm(images, layers.Tokens, layers.Width, arena);
        _tokens = arena.Allocate((long)images * layers.Shape.Size);
        _hidden = arena.Allocate(hidden);
        _modulated = arena.Allocate(hidden);
        _pooled = arena.Allocate((long)images * layers.Width);
    }

    /// <inheritdoc/>
    public override void Backward(int images, float* modulation, float* dmodulation, int row)
    {
        int width = _layers.Width;
        int rows = images * _layers.Tokens;
        float* dh = _hidden;
        float* final = modulation + 6 * width * _blocks.Length;
        float* dfinal = dmodulation + 6 * width * _blocks.Length;
        if (_layers.Pools)
        {
            _layers.Head.ParameterGradient(_pooled, Output, images, Gradient);
            _layers.Head.InputGradient(Output, images, _pooled);
            Spread(images);
        }
        else
        {
            _layers.Head.ParameterGradient(_modulated, Output, rows, Gradient);
            _layers.Head.InputGradient(Output, rows, _scratch.Narrow);
        }

        new Span<float>(dh, rows * width).Clear();
        _norm.Backward(_scratch.Narrow, images, final + width, dfinal, dfinal + width, row, dh);
        for (int i = _blocks.Length - 1; i >= 0; i--)
        {
            _blocks[i].Backward(dh, images, modulation + 6 * width * i, dmodulation + 6 * width * i, row, Gradient);
        }

        _layers.Patches.ParameterGradient(_tokens, dh, rows, Gradient);
    }

    /// <inheritdoc/>
    protected override void Forward(float* x, int images, float* modulation, int row)
    {
        int width = _layers.Width;
        int rows = images * _layers.Tokens;
        int size = _layers.Tokens * width;
        _layers.Patchify(x, _tokens, images, back: false);
        _layers.Patches.Forward(_tokens, rows, _hidden);
        for (int i = 0; i < images; i++)
        {
            RowKernels.AddRows(_layers.Positions, 1, size, _hidden + i * size);
        }

        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i].Forward(_hidden, images, modulation + 6 * width * i, row);
        }

        float* final = modulation + 6 * width * _blocks.Length;
        _norm.Forward(_hidden, images, final, final + width, row, _modulated);
        if (_layers.Pools)
        {
            Average(images);
            _layers.Head.Forward(_pooled, images, Output);
        }
        else
        {
            _layers.Head.Forward(_modulated, rows, Output);
        }
    }

    /// <inheritdoc/>
    protected override void Arrange(float* plain, float* ordered, int images, bool back)
    {
        if (!_layers.Pools)
        {
            _layers.Patchify(plain, ordered, images, back);
            return;
        }

        float* from = back ? ordered : plain;
        float* to = back ? plain : ordered;
        new ReadOnlySpan<float>(from, images * OutputSize).CopyTo(new Span<float>(to, images * OutputSize));
    }

    private void Average(int images)
    {
        new Span<float>(_pooled, images * _layers.Width).Clear();
        for (int i = 0; i < images; i++)
        {
            RowKernels.AddRows(_modulated + i * _layers.Tokens * _layers.Width, _layers.Tokens, _layers.Width, _pooled + i * _layers.Width);
        }

        var pooled = new Span<float>(_pooled, images * _layers.Width);
        TensorPrimitives.Multiply(pooled, 1f / _layers.Tokens, pooled);
    }

    // Derivative of Average: each token gets its share of the pooled gradient.
    private void Spread(int images)
    {
        for (int i = 0; i < images * _layers.Tokens; i++)
        {
            var pooled = new ReadOnlySpan<float>(_pooled + i / _layers.Tokens * _layers.Width, _layers.Width);
            TensorPrimitives.Multiply(pooled, 1f / _layers.Tokens, new Span<float>(_scratch.Narrow + i * _layers.Width, _layers.Width));
        }
    }
}
