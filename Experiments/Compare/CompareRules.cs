using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The mixing rules that arms are sampled with.</summary>
public static class CompareRules
{
    /// <summary>The rule of an ensemble that draws one expert per sample from the prior.</summary>
    public const string StickyPrior = "sticky-prior";

    /// <summary>The paper's rule of equal sampling cost.</summary>
    public const string Top1 = "top-1";

    /// <summary>The rule of a monolith, and the exact mix of an ensemble.</summary>
    public const string Full = "full";

    /// <summary>Not a mixing rule: a conditional monolith that is told a cluster drawn from p(k).</summary>
    public const string Conditional = "k~p(k)";

    /// <summary>The rules of an ensemble of <paramref name="clusters"/> experts: of those wanted, the ones that differ from <c>full</c>, and <c>full</c>.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<string> wanted, int clusters) =>
        [Full, .. wanted.Where(rule => rule is not (Full or "oracle") && !IsFull(rule, clusters)).Distinct()];

    /// <summary>Mean number of expert evaluations per solver evaluation and sample.</summary>
    /// <param name="rule">A mixing rule.</param>
    /// <param name="experts">Number of experts K.</param>
    public static double ActiveExperts(string rule, int experts)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return rule switch
        {
            StickyPrior or Conditional or "oracle" => 1,
            _ when Number(rule) is { } n => Math.Min(n, experts),
            _ => experts,
        };
    }

    /// <summary>Whether sampling under the rule asks the router.</summary>
    public static bool NeedsRouter(string rule, int experts) => experts > 1 && rule is not (StickyPrior or Conditional or "oracle");

    /// <summary>FLOPs of one sample: solver steps times the networks that are asked; a Heun step asks twice.</summary>
    /// <param name="rule">A mixing rule.</param>
    /// <param name="spec">The run.</param>
    /// <param name="expertForward">FLOPs of an expert's forward pass of one image.</param>
    /// <param name="routerForward">FLOPs of the router's.</param>
    public static double SamplingFlops(string rule, RunSpec spec, double expertForward, double routerForward)
    {
        ArgumentNullException.ThrowIfNull(spec);
        double evaluations = spec.Sampling.Steps * (spec.Sampling.Scheduler == "heun" ? 2 : 1);
        double router = NeedsRouter(rule, spec.Experts.Count) ? routerForward : 0;
        return evaluations * ((ActiveExperts(rule, spec.Experts.Count) * expertForward) + router);
    }

    private static bool IsFull(string rule, int clusters) => rule.StartsWith("top-", StringComparison.Ordinal) && Number(rule) >= clusters;

    private static int? Number(string rule) =>
        rule.Split('-') is ["top" or "sample", var n] && int.TryParse(n, System.Globalization.CultureInfo.InvariantCulture, out int number) ? number : null;
}
