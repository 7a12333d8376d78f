using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// Time and class as one vector: sinusoids of 1000 t (Vaswani et al. 2017, as in DDPM) through a two-layer perceptron, plus a row of
/// the class table. The table's last row stands for "no class".
/// </summary>
public sealed class TimeEmbedding : Module<Tensor, Tensor?, Tensor>
{
    private readonly int _classes;
    private readonly FixedTensor _rates;
    private readonly Linear _in;
    private readonly Linear _out;
    private readonly Embedding? _table;

    /// <summary>Creates the embedding with outputs of <paramref name="width"/>.</summary>
    public TimeEmbedding(int width, int classes)
        : base(nameof(TimeEmbedding))
    {
        _classes = classes;
        int frequencies = Math.Max(8, width / 4);
        float[] rates = [.. Enumerable.Range(0, frequencies).Select(i => (float)Math.Exp(-Math.Log(10_000) * i / frequencies))];
        _rates = new FixedTensor(tensor(rates));
        _in = Linear(2 * frequencies, width);
        _out = Linear(width, width);
        register_module("in", _in);
        register_module("out", _out);
        if (classes > 0)
        {
            _table = Embedding(classes + 1, width);
            register_module("classes", _table);
        }
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor time, Tensor? classes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor angles = time.to(float32).unsqueeze(1).mul(Scalars.Thousand) * _rates.On(time.device); // (B, F)
        Tensor features = cat([cos(angles), sin(angles)], 1).to(_in.weight!.dtype);              // (B, 2F)
        Tensor embedding = _out.forward(functional.silu(_in.forward(features)));                 // (B, d)
        if (_table is not null)
        {
            Tensor rows = classes ?? tensor(Enumerable.Repeat((long)_classes, (int)time.shape[0]).ToArray(), device: time.device);
            embedding = embedding.add(_table.forward(rows), Scalars.One);
        }

        return embedding.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rates.Dispose();
        }

        base.Dispose(disposing);
    }
}
