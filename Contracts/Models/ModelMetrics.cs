namespace OrleansDDM.Contracts.Models;

/// <summary>The metrics of one model, oldest first.</summary>
/// <param name="Role"><c>expert-N</c> or <c>router</c>.</param>
/// <param name="Points">The values.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ModelMetrics)]
public sealed record ModelMetrics([property: Id(0)] string Role, [property: Id(1)] MetricPoint[] Points);
