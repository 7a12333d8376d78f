using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>Two convolutions with group norm and SiLU, the embedding added between them, around a residual connection.</summary>
public sealed class ResidualBlock : Module<Tensor, Tensor, Tensor>
{
    private readonly GroupNorm _norm1;
    private readonly Conv2d _conv1;
    private readonly Linear _embedding;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _skip;

    /// <summary>Creates a block; both channel counts are multiples of 8.</summary>
    public ResidualBlock(int inputs, int outputs, int embedding)
        : base(nameof(ResidualBlock))
    {
        _norm1 = Norms.Group(inputs);
        _conv1 = Conv2d(inputs, outputs, 3, padding: 1);
        _embedding = Linear(embedding, outputs);
        _norm2 = Norms.Group(outputs);
        _conv2 = Conv2d(outputs, outputs, 3, padding: 1);
        register_module("norm1", _norm1);
        register_module("conv1", _conv1);
        register_module("embedding", _embedding);
        register_module("norm2", _norm2);
        register_module("conv2", _conv2);
        if (inputs != outputs)
        {
            _skip = Conv2d(inputs, outputs, 1);
            register_module("skip", _skip);
        }
    }

    /// <inheritdoc/>
    /// <param name="h">(B, inputs, H, W).</param>
    /// <param name="embedding">(B, e).</param>
    public override Tensor forward(Tensor h, Tensor embedding)
    {
        Tensor inner = _conv1.forward(functional.silu(_norm1.forward(h)));                  // (B, outputs, H, W)
        inner = inner.add(_embedding.forward(embedding).unsqueeze(-1).unsqueeze(-1), Scalars.One);
        inner = _conv2.forward(functional.silu(_norm2.forward(inner)));
        return inner.add(_skip?.forward(h) ?? h, Scalars.One);
    }
}
