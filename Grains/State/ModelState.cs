using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;

namespace OrleansDDM.Grains.State;

/// <summary>What an expert or the router remembers. Only references: weights are artifacts.</summary>
[GenerateSerializer]
[Alias(Aliases.ModelState)]
internal sealed class ModelState : IStoredState<ModelState>
{
    /// <summary>Hash of the spec in training; empty = never started.</summary>
    [Id(0)]
    public string SpecHash { get; set; } = string.Empty;

    /// <summary>Highest run term seen.</summary>
    [Id(1)]
    public long RunTerm { get; set; }

    /// <summary>Term of the newest activation that trained.</summary>
    [Id(2)]
    public long Term { get; set; }

    /// <summary>Where the model is in its life.</summary>
    [Id(3)]
    public ModelPhase Phase { get; set; }

    /// <summary>Optimizer steps in all, once known.</summary>
    [Id(4)]
    public int Steps { get; set; }

    /// <summary>The kept checkpoints, oldest first.</summary>
    [Id(5)]
    public List<CheckpointReference> Checkpoints { get; set; } = [];

    /// <summary>The checkpoint with the lowest validation loss.</summary>
    [Id(6)]
    public CheckpointReference? Best { get; set; }

    /// <summary>The final weights.</summary>
    [Id(7)]
    public ArtifactReference? Weights { get; set; }

    /// <summary>Metrics up to the newest checkpoint.</summary>
    [Id(8)]
    public List<MetricPoint> Points { get; set; } = [];

    /// <summary>Why it faulted.</summary>
    [Id(9)]
    public string? Message { get; set; }

    /// <inheritdoc/>
    [Id(10)]
    public int Version { get; set; }

    /// <inheritdoc/>
    [Id(11)]
    public string Writer { get; set; } = string.Empty;

    /// <summary>Step from which the activation of <see cref="FromTerm"/> went on: what older terms have beyond it does not count.</summary>
    [Id(12)]
    public int From { get; set; }

    /// <summary>Term of the newest activation that opened a checkpoint, or started from scratch.</summary>
    [Id(14)]
    public long FromTerm { get; set; }

    /// <summary>Highest run term that was stopped: its starts are refused.</summary>
    [Id(13)]
    public long StoppedTerm { get; set; }

    /// <summary>Name of the device on which the newest activation trained; null = none has begun.</summary>
    [Id(15)]
    public string? Device { get; set; }

    /// <summary>What was known of the island that trains it, at the newest checkpoint; null = none does, or none has begun.</summary>
    [Id(16)]
    public IslandStatus? Island { get; set; }

    /// <summary>Hash of the data and clusters in training; empty = not known.</summary>
    [Id(17)]
    public string Fingerprint { get; set; } = string.Empty;

    /// <inheritdoc/>
    public ModelState Copy()
    {
        var copy = (ModelState)MemberwiseClone();
        copy.Checkpoints = [.. Checkpoints];
        copy.Points = [.. Points];
        return copy;
    }
}
