namespace OrleansDDM.Specs;

/// <summary>How many experts an ensemble has.</summary>
public sealed record ExpertsSpec
{
    /// <summary>Number of experts = number of clusters, 1 to 64. One expert is a monolith and has no router.</summary>
    public int Count { get; init; } = 4;
}
