namespace OrleansDDM.Learning.Sampling;

/// <summary>What the sampler draws random numbers for. Draws of unlike roles are independent.</summary>
public static class RandomRoles
{
    /// <summary>x_T, by array: <c>initial-noise/x</c>.</summary>
    public const string InitialNoise = "initial-noise";

    /// <summary>The noise a stochastic scheduler adds at a step, by array: <c>step-noise/x</c>.</summary>
    public const string StepNoise = "step-noise";

    /// <summary>The experts drawn at a step by the rule <c>sample-N</c>.</summary>
    public const string SampledExperts = "sampled-experts";

    /// <summary>The expert drawn once per sample by the rule <c>sticky-prior</c>.</summary>
    public const string StickyExpert = "sticky-expert";
}
