namespace OrleansDDM.Contracts.Models;

/// <summary>What is known of one model.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ModelStatus)]
public sealed record ModelStatus
{
    /// <summary><c>expert-N</c> or <c>router</c>.</summary>
    [Id(0)]
    public required string Role { get; init; }

    /// <summary>Where it is in its life.</summary>
    [Id(1)]
    public ModelPhase Phase { get; init; }

    /// <summary>Term of the activation that trains or trained it; 0 = never started.</summary>
    [Id(2)]
    public long Term { get; init; }

    /// <summary>Optimizer steps done.</summary>
    [Id(3)]
    public int Step { get; init; }

    /// <summary>Optimizer steps in all; 0 = not known yet.</summary>
    [Id(4)]
    public int Steps { get; init; }

    /// <summary>Mean training loss of the last slice.</summary>
    [Id(5)]
    public double? Loss { get; init; }

    /// <summary>Training images per second of the last slice, while it ran.</summary>
    [Id(6)]
    public double? ImagesPerSecond { get; init; }

    /// <summary>Newest validation loss.</summary>
    [Id(7)]
    public double? ValidationLoss { get; init; }

    /// <summary>The kept checkpoints, oldest first.</summary>
    [Id(8)]
    public CheckpointReference[] Checkpoints { get; init; } = [];

    /// <summary>The checkpoint with the lowest validation loss, if any was validated.</summary>
    [Id(9)]
    public CheckpointReference? Best { get; init; }

    /// <summary>The weights to sample with and to export, once it is done.</summary>
    [Id(10)]
    public ArtifactReference? Weights { get; init; }

    /// <summary>Why it faulted.</summary>
    [Id(11)]
    public string? Message { get; init; }

    /// <summary>What it waits for, e.g. the database or a silo with the run's data; null = nothing.</summary>
    [Id(12)]
    public string? Waiting { get; init; }

    /// <summary>Name of the silo that told this status.</summary>
    [Id(13)]
    public string? Silo { get; init; }

    /// <summary>Its island; null where it is trained in one place.</summary>
    [Id(14)]
    public Peers.IslandStatus? Island { get; init; }

    /// <summary>Name of the device on which it trains, or was last seen training: <c>cpu</c> or <c>cuda:N</c>; null = it has not begun.</summary>
    [Id(16)]
    public string? Device { get; init; }

    /// <summary>Step of the checkpoint from which the activation of <see cref="Term"/> went on; 0 = from scratch, null = it has not yet.</summary>
    [Id(15)]
    public int? From { get; init; }
}
