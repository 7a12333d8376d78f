namespace OrleansDDM.Learning.Diffusion;

/// <summary>What happens to the mixed prediction, and on failure.</summary>
public sealed record EnsembleOptions
{
    /// <summary>Weight w of classifier-free guidance, x0_u + w (x0_c - x0_u), on the mixed predictions: 1 = none, 0 = unconditional.</summary>
    public double Guidance { get; init; } = 1;

    /// <summary>Clip the mixed and guided x0 to [-1, 1]. Clipping does not commute with mixing, so it comes last.</summary>
    public bool Clip { get; init; }

    /// <summary>On an <see cref="ExpertUnavailableException"/> go on without that expert, renormalised, instead of throwing.</summary>
    public bool TolerateFailures { get; init; }
}
