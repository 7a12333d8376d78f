using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>Residual multi-layer perceptron for low-dimensional points, as denoiser or as router.</summary>
public sealed class Perceptron : Network
{
    private readonly ModelShape _shape;
    private readonly bool _router;
    private readonly Linear _in;
    private readonly TimeEmbedding _time;
    private readonly ModuleList<Linear> _layers = [];
    private readonly Linear _head;

    /// <summary>Creates the network with <paramref name="depth"/> hidden layers; <paramref name="logits"/> 0 makes a denoiser.</summary>
    public Perceptron(ModelShape shape, int width, int depth, int logits = 0)
        : base(nameof(Perceptron))
    {
        ArgumentNullException.ThrowIfNull(shape);
        _shape = shape;
        _router = logits > 0;
        _in = Linear(shape.Size, width);
        _time = new TimeEmbedding(width, shape.Classes);
        _head = Linear(width, _router ? logits : shape.Size);
        for (int i = 0; i < depth; i++)
        {
            _layers.Add(Linear(width, width));
        }

        register_module("in", _in);
        register_module("time", _time);
        register_module("layers", _layers);
        register_module("head", _head);
        using IDisposable noGrad = no_grad();
        init.zeros_(_head.weight!);
        init.zeros_(_head.bias!);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x, Tensor time, Tensor? classes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor h = _in.forward(x.reshape(x.shape[0], _shape.Size)).add(_time.forward(time, classes), Scalars.One); // (B, d)
        foreach (Linear layer in _layers)
        {
            h = h.add(layer.forward(functional.silu(h)), Scalars.One);
        }

        Tensor output = _head.forward(functional.silu(h));                                             // (B, size) or (B, K)
        return (_router ? output : output.reshape(x.shape)).MoveToOuterDisposeScope();
    }
}
