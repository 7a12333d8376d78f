using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>One DiT block: attention and a perceptron, each behind a layer norm without parameters that the conditioning shifts, scales and gates.</summary>
public sealed class TransformerBlock : Module<Tensor, Memory<Tensor>, Tensor>
{
    private readonly long _width;
    private readonly long _heads;
    private readonly Linear _qkv;
    private readonly Linear _project;
    private readonly Linear _up;
    private readonly Linear _down;

    /// <summary>Creates a block of width <paramref name="width"/>.</summary>
    public TransformerBlock(long width, long heads)
        : base(nameof(TransformerBlock))
    {
        _width = width;
        _heads = heads;
        _qkv = Linear(width, 3 * width);
        _project = Linear(width, width);
        _up = Linear(width, 4 * width);
        _down = Linear(4 * width, width);
        register_module("qkv", _qkv);
        register_module("project", _project);
        register_module("up", _up);
        register_module("down", _down);
    }

    /// <summary>Layer norm without parameters, then scale and shift by the conditioning.</summary>
    /// <param name="h">Tokens, (B, T, d).</param>
    /// <param name="shift">(B, 1, d).</param>
    /// <param name="scale">(B, 1, d); 0 leaves the norm as it is.</param>
    public static Tensor Modulate(Tensor h, Tensor shift, Tensor scale)
    {
        ArgumentNullException.ThrowIfNull(h);
        Tensor normed = functional.layer_norm(h, [h.shape[2]], eps: 1e-6);
        return addcmul(shift, normed, scale.add(Scalars.One, Scalars.One), Scalars.One);
    }

    /// <inheritdoc/>
    /// <param name="h">Tokens, (B, T, d).</param>
    /// <param name="modulation">Shift, scale and gate of the attention, then of the perceptron; each (B, 1, d).</param>
    public override Tensor forward(Tensor h, Memory<Tensor> modulation)
    {
        Span<Tensor> m = modulation.Span;
        long batch = h.shape[0];
        long tokens = h.shape[1];
        Tensor[] qkv = _qkv.forward(Modulate(h, m[0], m[1]))                                       // (B, T, 3d)
            .view(batch, tokens, 3, _heads, _width / _heads)
            .permute(2, 0, 3, 1, 4)                                                                // (3, B, heads, T, d / heads)
            .unbind(0);
        Tensor attended = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])          // (B, heads, T, d / heads)
            .transpose(1, 2)
            .reshape(batch, tokens, _width);                                                       // (B, T, d)
        h = addcmul(h, _project.forward(attended), m[2], Scalars.One);
        Tensor hidden = functional.gelu(_up.forward(Modulate(h, m[3], m[4])));             // (B, T, 4d)
        return addcmul(h, _down.forward(hidden), m[5], Scalars.One);
    }
}
