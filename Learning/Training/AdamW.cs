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
        _decay = spec.WeightDecay > 0 ? vector.DecayMask().to(float32).DetachFromDisposeScope() : null;
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
        _first.mul_(_spec.Beta1).add_(gradients, alpha: 1 - _spec.Beta1);
        _second.mul_(_spec.Beta2).addcmul_(gradients, gradients, 1 - _spec.Beta2);
        if (_decay is not null)
        {
            values.addcmul_(values, _decay, -learningRate * _spec.WeightDecay);
        }

        double correction1 = 1 - Math.Pow(_spec.Beta1, step);
        double correction2 = 1 - Math.Pow(_spec.Beta2, step);
        Tensor denominator = _second.sqrt().div_(Math.Sqrt(correction2)).add_(Epsilon);
        values.addcdiv_(_first, denominator, -learningRate / correction1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _decay?.Dispose();
    }
}
