namespace OrleansDDM.Contracts.Sampling;

/// <summary>Asks for samples of a run's ensemble. What is left out is taken from the run's spec.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SampleRequest)]
public sealed record SampleRequest
{
    /// <summary>Name of the run.</summary>
    [Id(0)]
    public required string Run { get; init; }

    /// <summary>Number of samples, 1 to 4096.</summary>
    [Id(1)]
    public int Count { get; init; } = 1;

    /// <summary>Seed of all noise.</summary>
    [Id(2)]
    public ulong Seed { get; init; }

    /// <summary>Id of the first sample; sample i draws its noise from (seed, first + i, step), so a batch can be split at will.</summary>
    [Id(3)]
    public long FirstSample { get; init; }

    /// <summary>Solver steps, 1 to 10000.</summary>
    [Id(4)]
    public int? Steps { get; init; }

    /// <summary><c>euler</c>, <c>heun</c>, <c>ddim</c> or <c>dpmpp-2m</c>.</summary>
    [Id(5)]
    public string? Scheduler { get; init; }

    /// <summary>Mixing rule, e.g. <c>top-2</c>.</summary>
    [Id(6)]
    public string? Mixing { get; init; }

    /// <summary>Class of all samples; null = unconditional.</summary>
    [Id(7)]
    public int? Class { get; init; }

    /// <summary>Classifier-free guidance weight: 1 = none.</summary>
    [Id(8)]
    public double? Guidance { get; init; }

    /// <summary>Expert of each sample, for the mixing rule <c>oracle</c>; null for the other rules.</summary>
    [Id(9)]
    public int[]? Experts { get; init; }

    /// <summary>Class of each sample, -1 = unconditional; null = <see cref="Class"/> for all. At most one of the two is given.</summary>
    [Id(10)]
    public int[]? Classes { get; init; }

    /// <summary>
    /// Whether to go on without an expert that no silo can evaluate, the weights of the others renormalised, and to say so in
    /// <see cref="SampleResult.Failed"/>; otherwise the request fails.
    /// </summary>
    [Id(11)]
    public bool Fallback { get; init; }
}
