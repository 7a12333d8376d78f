namespace OrleansDDM.Contracts.Solves;

/// <summary>Where a solve is in its life.</summary>
[GenerateSerializer]
[Alias(Aliases.SolvePhase)]
public enum SolvePhase
{
    /// <summary>Nothing was submitted.</summary>
    None,

    /// <summary>Its peers are at work.</summary>
    Running,

    /// <summary>Every peer is proven to be as near to the optimum as was asked for.</summary>
    Solved,

    /// <summary>Its gradients are spent; it came less near than was asked for.</summary>
    Ended,

    /// <summary>It was stopped; submitting it again goes on with it.</summary>
    Stopped,

    /// <summary>It cannot go on; the message says why.</summary>
    Faulted,
}
