using System.Collections.Immutable;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>Kinds of faults.</summary>
public enum FaultKind
{
    /// <summary>Peers stop without a word; models they were sending are lost.</summary>
    Crash,

    /// <summary>Crashed peers come back with what they had persisted; peers that never ran start.</summary>
    Restart,

    /// <summary>Crashed peers come back with nothing.</summary>
    RestartEmpty,

    /// <summary>Peers are told to leave, say so, and stop.</summary>
    Leave,

    /// <summary>Peers that were not there at the beginning start.</summary>
    Join,

    /// <summary>The peers lose touch with all others; among themselves they keep it.</summary>
    Partition,

    /// <summary>All partitions end.</summary>
    Heal,

    /// <summary>Peers train and transfer slower by the factor; 1 = normal again.</summary>
    Slow,
}

/// <summary>Something that goes wrong, or right again, at a time.</summary>
public sealed record Fault
{
    /// <summary>Virtual seconds since the start.</summary>
    public double At { get; init; }

    /// <summary>What happens.</summary>
    public FaultKind Kind { get; init; }

    /// <summary>To whom: numbers of peers.</summary>
    public ImmutableArray<int> Peers { get; init; } = [];

    /// <summary>Of <see cref="FaultKind.Slow"/>, at least 1.</summary>
    public double Factor { get; init; } = 1;
}
