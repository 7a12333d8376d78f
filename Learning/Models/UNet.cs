using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// A small convolutional U-Net (Ronneberger et al. 2015; Ho et al. 2020) without attention: one residual block per level on the way down
/// and up, channels doubling once after the first level.
/// </summary>
public sealed class UNet : Network
{
    private readonly Conv2d _in;
    private readonly TimeEmbedding _time;
    private readonly ModuleList<ResidualBlock> _down = [];
    private readonly ResidualBlock _middle;
    private readonly ModuleList<ResidualBlock> _up = [];
    private readonly GroupNorm _norm;
    private readonly Conv2d _out;

    /// <summary>Creates the network.</summary>
    /// <param name="shape">Shape of the data; 2^(levels - 1) must divide height and width.</param>
    /// <param name="width">Channels of the first level, a multiple of 8; the deeper levels have twice as many.</param>
    /// <param name="levels">Number of resolutions.</param>
    public UNet(ModelShape shape, int width, int levels)
        : base(nameof(UNet))
    {
        ArgumentNullException.ThrowIfNull(shape);
        (Shape, Width, Levels) = (shape, width, levels);
        int embedding = 4 * width;
        int[] channels = [.. Enumerable.Range(0, levels).Select(level => level == 0 ? width : 2 * width)];
        _in = Conv2d(shape.Channels, width, 3, padding: 1);
        _time = new TimeEmbedding(embedding, shape.Classes);
        for (int level = 0; level < levels; level++)
        {
            _down.Add(new ResidualBlock(level == 0 ? width : channels[level - 1], channels[level], embedding));
        }

        _middle = new ResidualBlock(channels[^1], channels[^1], embedding);
        for (int level = levels - 1; level >= 0; level--)
        {
            _up.Add(new ResidualBlock(2 * channels[level], level == 0 ? width : channels[level - 1], embedding));
        }

        _norm = Norms.Group(width);
        _out = Conv2d(width, shape.Channels, 3, padding: 1);
        register_module("in", _in);
        register_module("time", _time);
        register_module("down", _down);
        register_module("middle", _middle);
        register_module("up", _up);
        register_module("norm", _norm);
        register_module("head", _out);
        using IDisposable noGrad = no_grad();
        init.zeros_(_out.weight!);
        init.zeros_(_out.bias!);
    }

    /// <summary>Shape of the data and number of condition classes.</summary>
    internal ModelShape Shape { get; }

    /// <summary>Channels of the first level.</summary>
    internal int Width { get; }

    /// <summary>Number of resolutions.</summary>
    internal int Levels { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x, Tensor time, Tensor? classes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor embedding = functional.silu(_time.forward(time, classes));        // (B, e)
        Tensor h = _in.forward(x);                                               // (B, w, H, W)
        var skips = new Stack<Tensor>();
        for (int level = 0; level < _down.Count; level++)
        {
            h = level == 0 ? h : functional.avg_pool2d(h, 2);                    // (B, c, H / 2^level, W / 2^level)
            h = _down[level].forward(h, embedding);
            skips.Push(h);
        }

        h = _middle.forward(h, embedding);
        for (int i = 0; i < _up.Count; i++)
        {
            h = i == 0 ? h : functional.interpolate(h, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
            h = _up[i].forward(cat([h, skips.Pop()], 1), embedding);
        }

        return _out.forward(functional.silu(_norm.forward(h))).MoveToOuterDisposeScope();
    }
}
