using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>AdamW (Loshchilov and Hutter 2019, algorithm 2) on a flat vector; biases and norms are not decayed.</summary>
public sealed class AdamW : IOptimizer
{
    private const double Epsilon = 1e-8;

    private readonly TrainingSpec _spec;
    private readonly Tensor _first;
    private readonly Tensor _second;
    private readonly Tensor? _decay;

    /// <summary>Creates the optimizer with zero moments.</summary>
    public AdamW(ModelVector vector, TrainingSpec spec)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(spec);
        _spec = spec;
        _first = zeros(vector.Length, float32, vector.Values.device).DetachFromDisposeScope();
        _second = zeros(vector.Length, float32, vector.Values.device).DetachFromDisposeScope();
        if (spec.WeightDecay > 0)
        {
            using Tensor mask = vector.DecayMask();
            _decay = mask.to(float32).DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> Moments => new Dictionary<string, Tensor> { ["moment1"] = _first, ["moment2"] = _second };

    /// <inheritdoc/>
    public void Update(Tensor values, Tensor gradients, int step, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(gradients);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Scalar keep1 = _spec.Beta1;
        using Scalar add1 = 1 - _spec.Beta1;
        using Scalar keep2 = _spec.Beta2;
        using Scalar add2 = 1 - _spec.Beta2;
        _first.mul_(keep1).add_(gradients, add1);
        _second.mul_(keep2).addcmul_(gradients, gradients, add2);
        if (_decay is not null)
        {
            using Scalar decay = -learningRate * _spec.WeightDecay;
            values.addcmul_(values, _decay, decay);
        }

        using Scalar rate = -learningRate / (1 - Math.Pow(_spec.Beta1, step));
        using Scalar correction = Math.Sqrt(1 - Math.Pow(_spec.Beta2, step));
        using Scalar epsilon = Epsilon;
        values.addcdiv_(_first, _second.sqrt().div_(correction).add_(epsilon, Scalars.One), rate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _decay?.Dispose();
    }
}
