namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of DADAO.</summary>
public sealed record DadaoOptions : IProtocolOptions
{
    /// <summary>μ: every peer's loss is μ-strongly convex.</summary>
    public double Mu { get; init; } = 1;

    /// <summary>L: every peer's loss is L-smooth, at least μ.</summary>
    public double Smoothness { get; init; } = 1;

    /// <summary>Seconds of a unit of time, in which a peer takes one gradient on average. It should be long against a gradient and some round trips.</summary>
    public double UnitSeconds { get; init; } = 1;

    /// <summary>Whether edges get the rates that need the fewest communications, or all the same one.</summary>
    public bool OptimisedRates { get; init; }

    /// <summary>Seconds until an answer that did not come is given up or asked for again; null = from the work estimate.</summary>
    public double? AnswerSeconds { get; init; }

    /// <summary>
    /// Seconds without a word of the other end after which a peer that is in doubt about an exchange presumes that it did not happen. Longer than any
    /// peer is away that comes back with what it applied: of one that had committed, the exchange would stay at one end for good.
    /// </summary>
    public double DoubtSeconds { get; init; } = 1e6;

    /// <inheritdoc/>
    public void Validate()
    {
        OptionRange.Within(Mu, 1e-9, 1e9);
        OptionRange.Within(Smoothness, Mu, 1e9);
        OptionRange.Seconds(UnitSeconds);
        OptionRange.Seconds(AnswerSeconds);
        OptionRange.Seconds(DoubtSeconds);
    }
}
