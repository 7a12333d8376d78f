namespace OrleansDDM.Learning.Diffusion;

/// <summary>How the experts' predictions are combined: a pure function from the router's weights to a plan.</summary>
public interface IMixingRule
{
    /// <summary>Name in a spec, e.g. <c>top-2</c>.</summary>
    string Id { get; }

    /// <summary>Whether <see cref="Plan"/> reads the router's weights.</summary>
    bool NeedsRouter { get; }

    /// <summary>Whether each sample gets exactly one expert, so that nothing is averaged.</summary>
    bool PicksOne { get; }

    /// <summary>Plans one evaluation.</summary>
    /// <param name="weights">Router weights, (B, K) row-major, every row non-negative with sum 1; empty where no router is needed.</param>
    /// <param name="count">Experts K.</param>
    /// <param name="context">Samples, step, labels and living experts.</param>
    /// <exception cref="ArgumentException">Weights that are no probabilities, or missing labels.</exception>
    /// <exception cref="InvalidOperationException">No living expert has any mass for a sample.</exception>
    MixingPlan Plan(double[] weights, int count, MixingContext context);
}
