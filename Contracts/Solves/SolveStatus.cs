using OrleansDDM.Contracts.Peers;

namespace OrleansDDM.Contracts.Solves;

/// <summary>What is known of a solve.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SolveStatus)]
public sealed record SolveStatus
{
    /// <summary>Its name.</summary>
    [Id(0)]
    public string Name { get; init; } = string.Empty;

    /// <summary>Hash of its spec; empty = nothing was submitted.</summary>
    [Id(1)]
    public string SpecHash { get; init; } = string.Empty;

    /// <summary>Phase.</summary>
    [Id(2)]
    public SolvePhase Phase { get; init; }

    /// <summary>Why it faulted or waits; null = nothing to say.</summary>
    [Id(3)]
    public string? Message { get; init; }

    /// <summary>Peers.</summary>
    [Id(4)]
    public int Peers { get; init; }

    /// <summary>Peers that did not answer when last asked.</summary>
    [Id(5)]
    public int Unreachable { get; init; }

    /// <summary>Elements of x.</summary>
    [Id(6)]
    public int Parameters { get; init; }

    /// <summary>Inputs that the peers hold between them.</summary>
    [Id(7)]
    public long Samples { get; init; }

    /// <summary>μ, the strong convexity of every peer's part.</summary>
    [Id(8)]
    public double Mu { get; init; }

    /// <summary>L, the smoothness of the worst peer's part.</summary>
    [Id(9)]
    public double Smoothness { get; init; }

    /// <summary>λ: fewest exchanges that a unit of a peer's time needs, in which it takes one gradient on average; the clocks ring for a quarter more.</summary>
    [Id(10)]
    public double Rate { get; init; }

    /// <summary>Seconds of a unit of time.</summary>
    [Id(11)]
    public double UnitSeconds { get; init; }

    /// <summary>Gradients, summed over the peers.</summary>
    [Id(12)]
    public long Gradients { get; init; }

    /// <summary>Exchanges that happened, each of one vector both ways.</summary>
    [Id(13)]
    public long Exchanges { get; init; }

    /// <summary>Distance to the optimum at which every peer is proven to be at most; NaN = not all peers have been heard yet.</summary>
    [Id(14)]
    public double Bound { get; init; } = double.NaN;

    /// <summary>Largest distance of a peer's x from the mean of all.</summary>
    [Id(15)]
    public double Disagreement { get; init; } = double.NaN;

    /// <summary>Mean of f_i(x_i) over the peers: the objective, once they agree.</summary>
    [Id(16)]
    public double Objective { get; init; } = double.NaN;

    /// <summary>‖Σ (α̃z + αz̃)‖ over all peers at the end: 0 but for rounding if every exchange was applied at both ends or at none. NaN = not known.</summary>
    [Id(17)]
    public double Imbalance { get; init; } = double.NaN;

    /// <summary>Part of the test inputs whose class is right; NaN = not known yet.</summary>
    [Id(18)]
    public double TestAccuracy { get; init; } = double.NaN;

    /// <summary>Times that a peer came back after a crash, as the solve has seen it since it last came back itself.</summary>
    [Id(19)]
    public long Returns { get; init; }

    /// <summary>Counts of all peers since their activation.</summary>
    [Id(20)]
    public PeerCounts Counts { get; init; } = new();

    /// <summary>Seconds since it began, to its end if it has ended.</summary>
    [Id(21)]
    public double Seconds { get; init; }

    /// <summary>Classes that the inputs are told apart into.</summary>
    [Id(22)]
    public int Classes { get; init; }
}
