using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// Diffusion transformer (DiT, Peebles and Xie 2023) with adaLN-zero conditioning. The modulations of all blocks come from one linear
/// layer, as they all depend on the same conditioning vector.
/// </summary>
public sealed class DiffusionTransformer : Network
{
    private readonly ModelShape _shape;
    private readonly int _patch;
    private readonly long _width;
    private readonly int _rows;
    private readonly int _columns;
    private readonly bool _pool;
    private readonly Linear _patches;
    private readonly TimeEmbedding _time;
    private readonly Linear _modulation;
    private readonly ModuleList<TransformerBlock> _blocks = [];
    private readonly Linear _head;
    private readonly FixedTensor _positions;

    /// <summary>Creates the network.</summary>
    /// <param name="shape">Shape of the data.</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <param name="width">Hidden width d.</param>
    /// <param name="depth">Number of blocks L.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="logits">0 for a denoiser; otherwise the tokens are averaged and mapped to this many logits.</param>
    public DiffusionTransformer(ModelShape shape, int patch, int width, int depth, int heads, int logits = 0)
        : base(nameof(DiffusionTransformer))
    {
        ArgumentNullException.ThrowIfNull(shape);
        _shape = shape;
        _patch = patch;
        _width = width;
        _rows = shape.Height / patch;
        _columns = shape.Width / patch;
        _pool = logits > 0;
        Heads = heads;
        long patchSize = (long)shape.Channels * patch * patch;
        _patches = Linear(patchSize, width);
        _time = new TimeEmbedding(width, shape.Classes);
        _modulation = Linear(width, (6 * depth + 2) * _width);
        _head = Linear(width, _pool ? logits : patchSize);
        for (int i = 0; i < depth; i++)
        {
            _blocks.Add(new TransformerBlock(width, heads));
        }

        register_module("patches", _patches);
        register_module("time", _time);
        register_module("modulation", _modulation);
        register_module("blocks", _blocks);
        register_module("head", _head);
        _positions = new FixedTensor(Positions(_rows, _columns, width));
        using IDisposable noGrad = no_grad();
        init.zeros_(_modulation.weight!);
        init.zeros_(_modulation.bias!);
        init.zeros_(_head.weight!);
        init.zeros_(_head.bias!);
    }

    /// <summary>Shape of the data and number of condition classes.</summary>
    internal ModelShape Shape => _shape;

    /// <summary>Side of a patch in pixels.</summary>
    internal int Patch => _patch;

    /// <summary>Hidden width d.</summary>
    internal int HiddenWidth => (int)_width;

    /// <summary>Attention heads.</summary>
    internal int Heads { get; }

    /// <summary>Number of blocks L.</summary>
    internal int Depth => _blocks.Count;

    /// <summary>Whether the tokens are averaged into logits.</summary>
    internal bool Pools => _pool;

    /// <summary>Fixed position embedding, (1, T, d).</summary>
    internal Tensor PositionTable => _positions.Values;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x, Tensor time, Tensor? classes)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = x.shape[0];
        Tensor conditioning = functional.silu(_time.forward(time, classes));                       // (B, d)
        Tensor[] modulation = _modulation.forward(conditioning).unsqueeze(1).split(_width, dim: 2); // (6L + 2) x (B, 1, d)
        Tensor tokens = x
            .view(batch, _shape.Channels, _rows, _patch, _columns, _patch)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(batch, _rows * _columns, -1);                                                 // (B, T, C p p)
        Tensor h = _patches.forward(tokens).add(_positions.On(tokens.device).to(tokens.dtype), Scalars.One); // (B, T, d)
        for (int i = 0; i < _blocks.Count; i++)
        {
            h = _blocks[i].forward(h, modulation.AsMemory(6 * i, 6));
        }

        h = TransformerBlock.Modulate(h, modulation[^2], modulation[^1]);
        if (_pool)
        {
            return _head.forward(h.mean([1L])).MoveToOuterDisposeScope();                          // (B, K)
        }

        Tensor pixels = _head.forward(h)                                                           // (B, T, C p p)
            .view(batch, _rows, _columns, _shape.Channels, _patch, _patch)
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(batch, _shape.Channels, _shape.Height, _shape.Width);                         // (B, C, H, W)
        return pixels.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _positions.Dispose();
        }

        base.Dispose(disposing);
    }

    // Fixed 2-D sinusoids: half the width for the row, half for the column. (1, T, d)
    private static Tensor Positions(int rows, int columns, int width)
    {
        var values = new float[rows * columns * width];
        int quarter = width / 4;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                Span<float> token = values.AsSpan((row * columns + column) * width, width);
                for (int i = 0; i < quarter; i++)
                {
                    double rate = Math.Exp(-Math.Log(10_000) * i / quarter);
                    token[i] = (float)Math.Sin(row * rate);
                    token[quarter + i] = (float)Math.Cos(row * rate);
                    token[2 * quarter + i] = (float)Math.Sin(column * rate);
                    token[3 * quarter + i] = (float)Math.Cos(column * rate);
                }
            }
        }

        return tensor(values, [1, rows * columns, width]);
    }
}
