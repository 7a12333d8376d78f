namespace OrleansDDM.Protocols.Machines;

/// <summary>What a peer reports.</summary>
public enum ReportKind
{
    /// <summary>The peer begins a round.</summary>
    RoundStarted,

    /// <summary>A round is complete for this peer; its model is in the report. Reported at most once a round and peer.</summary>
    RoundCompleted,

    /// <summary>An input was ignored: unknown, stale, repeated or against the rules.</summary>
    Ignored,

    /// <summary>A peer is taken for dead until it is heard again.</summary>
    Suspected,

    /// <summary>A deadline passed or was chosen; the reason is in the detail.</summary>
    Deadline,

    /// <summary>The protocol mended a stall.</summary>
    Rescue,

    /// <summary>Local work failed; the round goes on without it.</summary>
    WorkFailed,
}
