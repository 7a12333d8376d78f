namespace OrleansDDM.Learning.Diffusion;

/// <summary>What a mixing rule may know besides the router's weights.</summary>
public sealed record MixingContext
{
    /// <summary>Identity of each sample of the batch; its length is the batch size B.</summary>
    public required IReadOnlyList<ulong> SampleIds { get; init; }

    /// <summary>Seed of the request.</summary>
    public ulong Seed { get; init; }

    /// <summary>Solver step. All evaluations within a step draw the same experts.</summary>
    public int Step { get; init; }

    /// <summary>Expert of each sample, for the rule <c>oracle</c>.</summary>
    public IReadOnlyList<int>? Labels { get; init; }

    /// <summary>Which experts can be asked, (K); null = all.</summary>
    public IReadOnlyList<bool>? Alive { get; init; }
}
