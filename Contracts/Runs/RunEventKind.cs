namespace OrleansDDM.Contracts.Runs;

/// <summary>What a <see cref="RunEvent"/> tells. All but <see cref="Telemetry"/> are durable: stored, numbered and replayable.</summary>
[GenerateSerializer]
[Alias(Aliases.RunEventKind)]
public enum RunEventKind
{
    /// <summary>Loss and speed of one model; best effort, neither stored nor numbered.</summary>
    Telemetry,

    /// <summary>The run entered a phase.</summary>
    Phase,

    /// <summary>A model wrote a checkpoint.</summary>
    Checkpoint,

    /// <summary>A model faulted.</summary>
    Fault,

    /// <summary>A model is trained.</summary>
    Done,
}
