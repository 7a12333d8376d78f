namespace OrleansDDM.Contracts.Models;

/// <summary>One measured value at one step.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Name">What was measured, e.g. <c>loss/validation</c>.</param>
/// <param name="Value">The value.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.MetricPoint)]
public sealed record MetricPoint([property: Id(0)] int Step, [property: Id(1)] string Name, [property: Id(2)] double Value);
