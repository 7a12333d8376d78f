namespace OrleansDDM.Contracts.Sampling;

/// <summary>How far a request is.</summary>
/// <param name="Step">Solver steps done.</param>
/// <param name="Steps">Solver steps in all.</param>
/// <param name="Result">The samples, with the last step only.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SampleProgress)]
public sealed record SampleProgress(
    [property: Id(0)] int Step, [property: Id(1)] int Steps, [property: Id(2)] SampleResult? Result);
