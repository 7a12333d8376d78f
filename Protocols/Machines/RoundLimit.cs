namespace OrleansDDM.Protocols.Machines;

/// <summary>
/// Bound on the numbers that a message can make a peer believe. No round takes less than a millisecond of the run-relative clock, so a higher
/// one is a lie or a fault: believed, it would push an island to the end of its numbers, or out of each other's sight.
/// </summary>
public static class RoundLimit
{
    /// <summary>Rounds that are believed at time 0.</summary>
    public const long AtStart = 1000;

    /// <summary>Highest round that is believed at a time.</summary>
    public static long At(TimeSpan now) => AtStart + (now.Ticks / TimeSpan.TicksPerMillisecond);
}
