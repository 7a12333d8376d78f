namespace OrleansDDM.Contracts.Artifacts;

/// <summary>Answer to the question how well artifacts are replicated.</summary>
/// <param name="Wanted">Silos that shall hold each artifact now: the setting, or the number of live silos if that is less.</param>
/// <param name="Counts">Live silos that hold each artifact.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ReplicaCount)]
public sealed record ReplicaCount([property: Id(0)] int Wanted, [property: Id(1)] int[] Counts);
