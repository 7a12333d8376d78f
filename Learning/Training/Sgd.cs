using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>Stochastic gradient descent with heavy-ball momentum and decoupled weight decay on a flat vector.</summary>
public sealed class Sgd : IOptimizer
{
    private readonly TrainingSpec _spec;
    private readonly Tensor _velocity;
    private readonly Tensor? _decay;

    /// <summary>Creates the optimizer with zero velocity; the momentum is <see cref="TrainingSpec.Beta1"/>.</summary>
    public Sgd(ModelVector vector, TrainingSpec spec)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(spec);
        _spec = spec;
        _velocity = zeros(vector.Length, float32, vector.Values.device).DetachFromDisposeScope();
        if (spec.WeightDecay > 0)
        {
            using Tensor mask = vector.DecayMask();
            _decay = mask.to(float32).DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> Moments => new Dictionary<string, Tensor> { ["moment1"] = _velocity };

    /// <inheritdoc/>
    public void Update(Tensor values, Tensor gradients, int step, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(values);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Scalar keep = _spec.Beta1;
        _velocity.mul_(keep).add_(gradients, Scalars.One);
        if (_decay is not null)
        {
            using Scalar decay = -learningRate * _spec.WeightDecay;
            values.addcmul_(values, _decay, decay);
        }

        using Scalar rate = -learningRate;
        values.add_(_velocity, rate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _velocity.Dispose();
        _decay?.Dispose();
    }
}
