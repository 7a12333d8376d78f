namespace OrleansDDM.Specs;

/// <summary>How the experts' predictions are combined by the router's weights.</summary>
public sealed record MixingSpec
{
    /// <summary>
    /// <c>full</c>, <c>top-N</c>, <c>sample-N</c>, <c>threshold-P</c>, <c>nucleus-P</c>, <c>sticky-prior</c> or <c>oracle</c>;
    /// N a positive integer, P in (0, 1).
    /// </summary>
    public string Rule { get; init; } = "top-2";
}
