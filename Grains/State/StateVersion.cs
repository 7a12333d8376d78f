namespace OrleansDDM.Grains.State;

/// <summary>Version of the shape of stored states.</summary>
internal static class StateVersion
{
    /// <summary>
    /// The version that this release writes. Raise it when an older release would misread a state; keys that have come since are at their
    /// defaults in an older one.
    /// </summary>
    public const int Current = 1;
}
