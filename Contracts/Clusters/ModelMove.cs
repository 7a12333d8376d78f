namespace OrleansDDM.Contracts.Clusters;

/// <summary>A model in training that goes to another silo.</summary>
/// <param name="Run">Its run.</param>
/// <param name="Role"><c>expert-N</c> or <c>router</c>.</param>
/// <param name="From">The silo that it leaves.</param>
/// <param name="To">The silo that it goes to.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ModelMove)]
public sealed record ModelMove(
    [property: Id(0)] string Run, [property: Id(1)] string Role, [property: Id(2)] string From, [property: Id(3)] string To);
