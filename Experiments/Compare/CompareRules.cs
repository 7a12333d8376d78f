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

    /// <summary>Evaluations of the ensemble for one sample: a Heun step asks twice, but for the last one.</summary>
    public static int SolverEvaluations(SamplingSpec sampling)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        return sampling.Scheduler == "heun" ? (2 * sampling.Steps) - 1 : sampling.Steps;
    }

    /// <summary>Passes of an evaluation: two under guidance, with the class and without.</summary>
    public static int Passes(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Model.ClassConditional && spec.Sampling.Guidance is not (0 or 1) ? 2 : 1;
    }

    /// <summary>FLOPs of one sample, expected: solver evaluations times the networks that are asked. Rules that ask as many as they need count as all.</summary>
    /// <param name="rule">A mixing rule.</param>
    /// <param name="spec">The run.</param>
    /// <param name="expertForward">FLOPs of an expert's forward pass of one image.</param>
    /// <param name="routerForward">FLOPs of the router's.</param>
    public static double SamplingFlops(string rule, RunSpec spec, double expertForward, double routerForward)
    {
        ArgumentNullException.ThrowIfNull(spec);
        int evaluations = SolverEvaluations(spec.Sampling);
        return SamplingFlops(rule, spec, evaluations, evaluations * Passes(spec) * ActiveExperts(rule, spec.Experts.Count), expertForward, routerForward);
    }

    /// <summary>FLOPs of one sample by the evaluations that were made.</summary>
    /// <param name="rule">A mixing rule.</param>
    /// <param name="spec">The run.</param>
    /// <param name="evaluations">Evaluations of the ensemble.</param>
    /// <param name="expertEvaluations">Evaluations of experts.</param>
    /// <param name="expertForward">FLOPs of an expert's forward pass of one image.</param>
    /// <param name="routerForward">FLOPs of the router's.</param>
    public static double SamplingFlops(
        string rule, RunSpec spec, int evaluations, double expertEvaluations, double expertForward, double routerForward)
    {
        ArgumentNullException.ThrowIfNull(spec);
        double router = NeedsRouter(rule, spec.Experts.Count) ? evaluations * Passes(spec) * routerForward : 0;
        return (expertEvaluations * expertForward) + router;
    }

    /// <summary>The sampling of a monolith that costs at least as much as top-1 with its router, and less than one solver step more.</summary>
    /// <param name="sampling">Sampling of the ensemble.</param>
    /// <param name="expertForward">FLOPs of an expert's forward pass of one image, and of the monolith's.</param>
    /// <param name="routerForward">FLOPs of the router's.</param>
    public static SamplingSpec OfEqualCost(SamplingSpec sampling, double expertForward, double routerForward)
    {
        double evaluations = (SolverEvaluations(sampling) * (1 + (routerForward / expertForward))) - 1e-9;
        return sampling with { Steps = (int)Math.Ceiling(sampling.Scheduler == "heun" ? (evaluations + 1) / 2 : evaluations) };
    }

    private static bool IsFull(string rule, int clusters) => rule.StartsWith("top-", StringComparison.Ordinal) && Number(rule) >= clusters;

    private static int? Number(string rule) =>
        rule.Split('-') is ["top" or "sample", var n] && int.TryParse(n, System.Globalization.CultureInfo.InvariantCulture, out int number) ? number : null;
}
