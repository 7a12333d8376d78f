namespace OrleansDDM.Contracts.Artifacts;

/// <summary>The artifacts of one silo.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="Count">Artifacts that it holds.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Quarantined">Corrupt files that it has put aside.</param>
/// <param name="UnderReplicated">Artifacts that it answers for and that had too few holders when it last looked.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ArtifactHostStatus)]
public sealed record ArtifactHostStatus(
    [property: Id(0)] string Silo,
    [property: Id(1)] int Count,
    [property: Id(2)] long Bytes,
    [property: Id(3)] int Quarantined,
    [property: Id(4)] int UnderReplicated);
