namespace OrleansDDM.Learning.Classification;

/// <summary>Local steps of one peer, on rows of a <see cref="ModelBank"/>.</summary>
/// <param name="Row">The model, trained in place.</param>
/// <param name="Momentum">Row of the velocity, updated in place; −1 = no momentum.</param>
/// <param name="Samples">(steps · batch) inputs of all steps, one step after the other.</param>
/// <param name="Rate">Learning rate.</param>
public sealed record LocalTraining(int Row, int Momentum, int[] Samples, float Rate);

/// <summary>What a local step does.</summary>
/// <param name="Batch">Inputs of a step.</param>
/// <param name="Momentum">μ of v ← μ v + g, θ ← θ − γ v; 0 = plain gradient descent, and no velocity is kept.</param>
/// <param name="Radius">
/// ρ of sharpness-aware minimisation (Foret et al. 2021; DFedSAM, Algorithm 1): the gradient is taken at θ + ρ g / ‖g‖, the norm over all
/// parameters; 0 = at θ.
/// </param>
public sealed record LocalStep(int Batch, float Momentum = 0, float Radius = 0);
