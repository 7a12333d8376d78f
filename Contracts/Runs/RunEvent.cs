using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Contracts.Runs;

/// <summary>Something that happened in a run.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.RunEvent)]
public sealed record RunEvent
{
    /// <summary>Term of the run's activation that recorded it.</summary>
    [Id(0)]
    public long Term { get; init; }

    /// <summary>Number of a durable event, from 1 and rising by 1 over the whole run; 0 for telemetry.</summary>
    [Id(1)]
    public long Number { get; init; }

    /// <summary>What it tells.</summary>
    [Id(2)]
    public RunEventKind Kind { get; init; }

    /// <summary>When, UTC.</summary>
    [Id(3)]
    public DateTimeOffset Time { get; init; }

    /// <summary>The run's phase at that moment.</summary>
    [Id(4)]
    public RunPhase Phase { get; init; }

    /// <summary><c>expert-N</c> or <c>router</c>; null where it is about the run.</summary>
    [Id(5)]
    public string? Role { get; init; }

    /// <summary>Optimizer steps that the model has done.</summary>
    [Id(6)]
    public int Step { get; init; }

    /// <summary>Optimizer steps of the model in all.</summary>
    [Id(7)]
    public int Steps { get; init; }

    /// <summary>Mean training loss of the last slice.</summary>
    [Id(8)]
    public double? Loss { get; init; }

    /// <summary>Training images per second of the last slice.</summary>
    [Id(9)]
    public double? ImagesPerSecond { get; init; }

    /// <summary>Newest validation loss.</summary>
    [Id(10)]
    public double? ValidationLoss { get; init; }

    /// <summary>A sentence for people, e.g. why the run faulted.</summary>
    [Id(11)]
    public string? Message { get; init; }

    /// <summary>Telemetry only: metrics that came up.</summary>
    [Id(12)]
    public MetricPoint[] Points { get; init; } = [];
}
