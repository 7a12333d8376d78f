namespace OrleansDDM.Learning.Diffusion;

/// <summary>How a channel of a prediction may be combined over experts.</summary>
public enum MixRule
{
    /// <summary>A posterior mean (or class probabilities): a weighted sum with weights p(k | x_t) is exact.</summary>
    Linear,

    /// <summary>Anything else (logits, energies, argmaxes, clipped values): may be taken from one expert, never averaged.</summary>
    None,
}

/// <summary>What an expert's prediction means, so that experts can be mixed without guessing.</summary>
/// <param name="Schedule">The schedule that the expert was trained on.</param>
/// <param name="Parameterization">What it predicts.</param>
/// <param name="Mix">How its prediction may be combined.</param>
public sealed record ExpertContract(INoiseSchedule Schedule, Parameterization Parameterization, MixRule Mix = MixRule.Linear);
