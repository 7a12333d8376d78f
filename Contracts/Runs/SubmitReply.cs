namespace OrleansDDM.Contracts.Runs;

/// <summary>Answer to a submission.</summary>
/// <param name="Attached">The run existed already with this very spec and goes on as it was; false = it was started.</param>
/// <param name="Status">The run.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SubmitReply)]
public sealed record SubmitReply([property: Id(0)] bool Attached, [property: Id(1)] RunStatus Status);
