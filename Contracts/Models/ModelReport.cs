namespace OrleansDDM.Contracts.Models;

/// <summary>What a model tells its run after a slice, a checkpoint, a fault or its last step.</summary>
/// <param name="SpecHash">The spec it trains; a report of another spec is dropped.</param>
/// <param name="Status">Its status; <see cref="ModelStatus.Term"/> fences it.</param>
/// <param name="Checkpoint">The checkpoint just written, if any.</param>
/// <param name="Points">Metrics that came up since the last report.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ModelReport)]
public sealed record ModelReport(
    [property: Id(0)] string SpecHash,
    [property: Id(1)] ModelStatus Status,
    [property: Id(2)] CheckpointReference? Checkpoint,
    [property: Id(3)] MetricPoint[] Points);
