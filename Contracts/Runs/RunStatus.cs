using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Contracts.Runs;

/// <summary>What is known of a run.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.RunStatus)]
public sealed record RunStatus
{
    /// <summary>Name of the run.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    [Id(1)]
    public RunPhase Phase { get; init; }

    /// <summary>SHA-256 of the spec; empty where nothing was submitted.</summary>
    [Id(2)]
    public string SpecHash { get; init; } = string.Empty;

    /// <summary>The spec as canonical JSON; empty where nothing was submitted.</summary>
    [Id(3)]
    public string Spec { get; init; } = string.Empty;

    /// <summary>Term of the activation that drives the run.</summary>
    [Id(4)]
    public long Term { get; init; }

    /// <summary>Number of the newest durable event; watch from it to see only what follows.</summary>
    [Id(5)]
    public long LastEvent { get; init; }

    /// <summary>Why it faulted.</summary>
    [Id(6)]
    public string? Message { get; init; }

    /// <summary>The data, once it is prepared.</summary>
    [Id(7)]
    public DataSummary? Data { get; init; }

    /// <summary>The experts in order, then the router.</summary>
    [Id(8)]
    public ModelStatus[] Models { get; init; } = [];

    /// <summary>What it waits for, e.g. the database or a silo with its data; null = nothing.</summary>
    [Id(9)]
    public string? Waiting { get; init; }

    /// <summary>Name of the silo that drives it.</summary>
    [Id(10)]
    public string? Silo { get; init; }
}
