namespace OrleansDDM.Learning.Diffusion;

/// <summary>What samples are conditioned on. The core hands it through; only experts and routers read it.</summary>
/// <param name="Classes">Class of each sample, -1 = unconditional; null = all unconditional.</param>
public sealed record Condition(int[]? Classes)
{
    /// <summary>No condition.</summary>
    public static Condition None { get; } = new((int[]?)null);
}
