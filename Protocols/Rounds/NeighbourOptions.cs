using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of every protocol whose peers average with the neighbours of a topology.</summary>
public abstract record NeighbourOptions : IProtocolOptions
{
    /// <summary>Local steps a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Seconds to wait for neighbours after the own model is sent; null = from the work estimate.</summary>
    public double? DeadlineSeconds { get; init; }

    /// <summary>A neighbour that missed so many deadlines in a row is not waited for until it is heard again.</summary>
    public int SuspectAfter { get; init; } = 2;

    /// <summary>A peer that finds itself more rounds behind than this takes over the model that told it so, instead of keeping its own.</summary>
    public int CatchUp { get; init; } = 10;

    /// <summary>Last round; 0 = no end.</summary>
    public long Rounds { get; init; }

    /// <summary>How models are averaged.</summary>
    public AggregatorOptions Aggregator { get; init; } = new();

    /// <inheritdoc/>
    public virtual void Validate()
    {
        OptionRange.Steps(Steps);
        OptionRange.Seconds(DeadlineSeconds);
        OptionRange.Within(SuspectAfter, 1, 1_000_000);
        OptionRange.Within(CatchUp, 0, 1_000_000);
        OptionRange.Within(Rounds, 0, FrameReader.MaxNumber);
        OptionRange.Aggregator(Aggregator);
    }
}
