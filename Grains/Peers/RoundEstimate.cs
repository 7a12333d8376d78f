using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <summary>What the deadlines of a peer's rounds are made of, as it is measured.</summary>
internal static class RoundEstimate
{
    /// <summary>The estimate after one more local training. One slow training counts at once, a fast one by and by.</summary>
    /// <param name="estimate">The estimate before.</param>
    /// <param name="known">Seconds of a training by earlier ones; null = this is the first.</param>
    /// <param name="seconds">Seconds of this one, with its wait for a slot.</param>
    /// <param name="modelBytes">Bytes of a model.</param>
    /// <param name="rate">Bytes a second at which models come, and how that is known.</param>
    public static WorkEstimate After(WorkEstimate estimate, double? known, double seconds, long modelBytes, (double BytesPerSecond, string Origin) rate) => estimate with
    {
        TrainSeconds = known is { } k ? Math.Max((0.7 * k) + (0.3 * seconds), seconds * 0.5) : seconds,
        ModelBytes = modelBytes,
        BytesPerSecond = rate.BytesPerSecond,
        Origin = rate.Origin,
    };
}
