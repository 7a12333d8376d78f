namespace OrleansDDM.Contracts.Artifacts;

/// <summary>A silo has more requests for artifacts than it takes at a time; try again, or another silo.</summary>
[GenerateSerializer]
[Alias(Aliases.ArtifactBusyException)]
public sealed class ArtifactBusyException(string silo) : Exception($"Silo '{silo}' is busy with requests for artifacts; try again in a moment.");
