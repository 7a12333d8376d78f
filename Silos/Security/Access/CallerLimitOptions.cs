namespace OrleansDDM.Silos.Security.Access;

/// <summary>What one caller may ask of one silo.</summary>
public sealed record CallerLimitOptions
{
    /// <summary>Calls a second in the long run; twice as many in one burst. Above 0.</summary>
    public double CallsPerSecond { get; init; } = 500;

    /// <summary>Calls under way at a time, at least 1. Each followed stream has one.</summary>
    public int CallsInFlight { get; init; } = 256;

    /// <summary>Transfers of artifacts under way at a time, at least 1.</summary>
    public int TransfersInFlight { get; init; } = 8;
}
