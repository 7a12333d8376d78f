using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Aggregation;

/// <summary>How models become one. Data only: whoever owns the models computes it, see <see cref="VectorAggregation"/>.</summary>
public abstract record AggregationRule
{
    private AggregationRule()
    {
    }

    /// <summary>Σ w_i x_i / Σ w_i: the uniform mean, a row of a mixing matrix, or the mean by age or samples, as the weights say.</summary>
    public sealed record WeightedMean : AggregationRule;

    /// <summary>Σ w_i x_i with weights of any sign and sum: steps of outer optimizers, differences.</summary>
    public sealed record LinearCombination : AggregationRule;

    /// <summary>
    /// Variance-corrected averaging (Tian et al., arXiv 2404.04616): conservative average with the peer's own model, then every layer
    /// is scaled back to the variance that single models have.
    /// </summary>
    /// <param name="Self">Whose model is the own one; null = none is: the weighted mean of all is given their mean variance.</param>
    /// <param name="Beta">Weight β of the own model, 0 .. 1.</param>
    /// <param name="Target">Which variance a layer is given.</param>
    public sealed record VarianceCorrected(PeerId? Self, double Beta = 0.5, VarianceTarget Target = VarianceTarget.Received) : AggregationRule;
}

/// <summary>One model of an aggregation.</summary>
/// <param name="From">The peer that it comes from.</param>
/// <param name="Model">The model.</param>
/// <param name="Weight">Its weight, finite; positive but in a linear combination, and need not sum to 1.</param>
public readonly record struct Contribution(PeerId From, ModelHandle Model, double Weight);

/// <summary>The variance that variance-corrected averaging gives to a layer.</summary>
public enum VarianceTarget
{
    /// <summary>Mean of the variances of the received models.</summary>
    Received,

    /// <summary>Variance of the own model.</summary>
    Own,

    /// <summary>β of the own variance and 1 − β of the received ones.</summary>
    Both,
}
