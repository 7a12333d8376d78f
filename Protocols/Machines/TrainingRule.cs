namespace OrleansDDM.Protocols.Machines;

/// <summary>What a local training does. Data only: whoever owns the models computes it.</summary>
public abstract record TrainingRule
{
    private TrainingRule()
    {
    }

    /// <summary>The task's own steps.</summary>
    public static TrainingRule Plain { get; } = new Steps();

    /// <summary>The task's own steps, whatever its optimizer is.</summary>
    public sealed record Steps : TrainingRule;

    /// <summary>
    /// Sharpness-aware steps (Foret et al., ICLR 2021): with g the gradient of a minibatch at y, the step goes along the gradient of the
    /// same minibatch at y + ρ·g / (‖g‖₂ + ε), the norm taken over all parameters. Two gradients a step. A radius of 0 is <see cref="Steps"/>.
    /// </summary>
    /// <param name="Radius">ρ, not negative.</param>
    public sealed record SharpnessAware(double Radius) : TrainingRule;

    /// <summary>No step at all: the answer is ∇f_i at the model, over the whole shard, as a vector like a model.</summary>
    public sealed record Gradient : TrainingRule;
}
