using System.Globalization;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Aggregation;

/// <summary>The aggregator of a protocol, as a user chooses it.</summary>
public sealed record AggregatorOptions
{
    /// <summary>Names that <see cref="Rule"/> may have.</summary>
    public static readonly IReadOnlyList<string> Rules = ["mean", "variance-corrected"];

    /// <summary>"mean": the protocol's own weights. "variance-corrected": see <see cref="AggregationRule.VarianceCorrected"/>.</summary>
    public string Rule { get; init; } = "mean";

    /// <summary>Weight β of the own model where there is one, 0 .. 1; of "variance-corrected".</summary>
    public double Beta { get; init; } = 0.5;

    /// <summary>The variance that a layer is given; of "variance-corrected".</summary>
    public VarianceTarget Target { get; init; } = VarianceTarget.Received;

    /// <summary>Checks ranges.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        if (!Rules.Contains(Rule))
        {
            throw new SpecException("protocol.aggregator.rule", $"must be one of {string.Join(", ", Rules)}, not '{Rule}'");
        }

        if (!(Beta is >= 0 and <= 1))
        {
            throw new SpecException("protocol.aggregator.beta", string.Create(CultureInfo.InvariantCulture, $"must be 0 .. 1, not {Beta}"));
        }
    }

    /// <summary>The rule of an aggregation.</summary>
    /// <param name="own">The peer whose model among them is the own one; null where an aggregator has none.</param>
    public AggregationRule Create(PeerId? own) =>
        Rule == "variance-corrected" ? new AggregationRule.VarianceCorrected(own, Beta, Target) : new AggregationRule.WeightedMean();
}
