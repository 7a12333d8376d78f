using OrleansDDM.Protocols.Aggregation;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of MoDeST.</summary>
public sealed record ModestOptions : IProtocolOptions
{
    /// <summary>s: peers that train in a round.</summary>
    public int SampleSize { get; init; } = 10;

    /// <summary>a: aggregators of a round.</summary>
    public int Aggregators { get; init; } = 1;

    /// <summary>sf: part of the sample whose models are enough, above 0 and at most 1. Members found dead are not waited for in any case.</summary>
    public double SuccessFraction { get; init; } = 1;

    /// <summary>Local steps a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Δt: seconds until an unanswered ping counts as a dead peer; it is repeated once after half of it.</summary>
    public double PingSeconds { get; init; } = 1;

    /// <summary>Δk: rounds without a sign of life after which a peer is no candidate; null = 5·n/s, at least 20.</summary>
    public int? InactivityRounds { get; init; }

    /// <summary>
    /// Seconds that an aggregator waits from its first model on before it does with fewer; null = from the work estimate; negative = for ever,
    /// as in the first version of the paper's code (the control that stalls).
    /// </summary>
    public double? AggregationSeconds { get; init; }

    /// <summary>Fewest models that are enough when that time is over; after twice the time one will do.</summary>
    public int MinimumModels { get; init; } = 3;

    /// <summary>Seconds between two heartbeats of a peer to a random member; 0 = none, as in the paper. They keep views alike and notice a lost round.</summary>
    public double HeartbeatSeconds { get; init; } = 1;

    /// <summary>Seconds without a new round after which a peer takes the round for lost; null = 2 rounds' work by the estimate. Needs heartbeats.</summary>
    public double? StallSeconds { get; init; }

    /// <summary>How models are averaged.</summary>
    public AggregatorOptions Aggregator { get; init; } = new();

    /// <inheritdoc/>
    public void Validate()
    {
        OptionRange.Within(SampleSize, 1, 1_000_000);
        OptionRange.Within(Aggregators, 1, 1_000);
        OptionRange.Fraction(SuccessFraction);
        OptionRange.Steps(Steps);
        OptionRange.Seconds(PingSeconds);
        OptionRange.Within(InactivityRounds ?? 1, 1, 1_000_000_000, nameof(InactivityRounds));
        OptionRange.Within(MinimumModels, 1, 1_000_000);
        OptionRange.Seconds(StallSeconds);
        OptionRange.Seconds(HeartbeatSeconds == 0 ? null : HeartbeatSeconds, nameof(HeartbeatSeconds));
        OptionRange.Seconds(AggregationSeconds < 0 ? null : AggregationSeconds, nameof(AggregationSeconds));
        OptionRange.Aggregator(Aggregator);
    }
}
