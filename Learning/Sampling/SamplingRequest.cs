using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>What a sampling loop hands to its ensemble, besides the solver's state.</summary>
public sealed record SamplingRequest
{
    /// <summary>Classes of the samples.</summary>
    public Condition Condition { get; init; } = Condition.None;

    /// <summary>Expert of each sample, for the mixing rule <c>oracle</c>.</summary>
    public IReadOnlyList<int>? Labels { get; init; }

    /// <summary>Which experts can be asked, (K); null = all. Experts that fail on the way are not asked again.</summary>
    public IReadOnlyList<bool>? Alive { get; init; }
}
