using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>A task on arrays that knows its gradients: trains by (sharpness-aware) gradient descent, and answers a gradient alone.</summary>
/// <param name="initial">θ0.</param>
/// <param name="rate">Learning rate.</param>
/// <param name="stepSeconds">Virtual seconds of one local step.</param>
/// <param name="modelBytes">Bytes of a model on the wire; null = 4 for each element.</param>
public abstract class GradientTask(double[] initial, double rate, double stepSeconds, long? modelBytes) : ArrayTask(initial, stepSeconds, modelBytes)
{
    /// <summary>Writes ∇f_i over the whole shard of a peer.</summary>
    public abstract void FullGradient(int peer, ReadOnlySpan<double> model, Span<double> gradient);

    /// <summary>Writes the gradient of one step's minibatch: the same for the same work and step.</summary>
    protected virtual void StepGradient(TrainWork work, int step, ReadOnlySpan<double> model, Span<double> gradient) =>
        FullGradient(work.Peer, model, gradient);

    /// <inheritdoc/>
    protected sealed override double[] Train(double[] model, TrainWork work)
    {
        double[] gradient = new double[model.Length];
        if (work.Rule is TrainingRule.Gradient)
        {
            FullGradient(work.Peer, model, gradient);
            return gradient;
        }

        double[] probe = new double[model.Length];
        for (int step = 0; step < work.Steps; step++)
        {
            StepGradient(work, step, model, gradient);
            if (work.Rule is TrainingRule.SharpnessAware { Radius: > 0 } sharpness)
            {
                double norm = Math.Sqrt(gradient.Sum(g => g * g)) + 1e-12;
                for (int d = 0; d < model.Length; d++)
                {
                    probe[d] = model[d] + (sharpness.Radius * gradient[d] / norm);
                }

                StepGradient(work, step, probe, gradient);
            }

            for (int d = 0; d < model.Length; d++)
            {
                model[d] -= rate * gradient[d];
            }
        }

        return model;
    }
}
