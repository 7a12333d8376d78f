using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>
/// A comparison of ensembles with monoliths of the same architecture at equal training FLOPs: arms, seeds and metric, all fixed
/// before the first run. Its identity is <see cref="Hash"/>.
/// </summary>
public sealed record ComparePlan
{
    /// <summary>Seeds; each arm is run under each. A mixing rule is chosen on the first one's validation split.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>What is measured.</summary>
    public required CompareMetric Metric { get; init; }

    /// <summary>Shape of an image and number of classes.</summary>
    public required ModelShape Shape { get; init; }

    /// <summary>The arms, monoliths first.</summary>
    public required IReadOnlyList<CompareArm> Arms { get; init; }

    /// <summary>All runs: the first seed's first, so that an interrupted comparison has whole seeds.</summary>
    public IReadOnlyList<CompareRun> Runs =>
        [.. Seeds.SelectMany((seed, i) => Arms.Select(arm => new CompareRun(arm, seed, i == 0 && arm.Kind == ArmKind.Ensemble)))];

    /// <summary>SHA-256 of the plan, 64 lower-case hex digits.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(ToJson())));

    /// <summary>Makes the plan: monoliths, and for each K above 1 an ensemble on features, one on random clusters and a conditional monolith.</summary>
    /// <param name="spec">What the arms share. Its steps are those of each expert; monoliths get more, for the router's FLOPs.</param>
    /// <param name="experts">Numbers of experts; 1 stands for the monolith, which is always there.</param>
    /// <param name="seeds">Seeds, at least one.</param>
    /// <param name="shape">Shape of an image and number of classes.</param>
    /// <param name="most">Changes the metric that the spec gives; null = none.</param>
    /// <exception cref="SpecException">No K above 1, no seed, one twice, or an arm that breaks a rule.</exception>
    public static ComparePlan Create(
        RunSpec spec, IEnumerable<int> experts, IReadOnlyList<ulong> seeds, ModelShape shape, Func<CompareMetric, CompareMetric>? most = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(shape);
        int[] counts = [.. experts.Distinct().Order()];
        if (counts.Length == 0 || counts[^1] < 2 || counts[0] < 1)
        {
            throw new SpecException("experts", "must hold a number above 1, or there is nothing to compare with the monolith");
        }

        if (seeds.Count == 0 || seeds.Distinct().Count() != seeds.Count)
        {
            throw new SpecException("seeds", "must be one or more numbers, each once");
        }

        var metric = new CompareMetric
        {
            Samples = spec.Evaluation.Samples,
            ValidationSamples = Math.Min(spec.Evaluation.Samples, 2000),
            LossImages = spec.Evaluation.LossImages,
            LossStrata = spec.Evaluation.LossStrata,
        };
        if (metric.Samples < 4 || metric.LossImages < 2)
        {
            throw new SpecException("evaluation", "needs at least 4 samples and 2 lossImages");
        }

        return new ComparePlan
        {
            Seeds = seeds,
            Metric = most?.Invoke(metric) ?? metric,
            Shape = shape,
            Arms = ArmsOf(spec, [.. counts.Where(k => k > 1)], shape),
        };
    }

    /// <summary>The plan as JSON; the same plan gives the same text.</summary>
    public JsonObject ToJson() => new()
    {
        ["seeds"] = JsonSerializer.SerializeToNode(Seeds),
        ["metric"] = JsonSerializer.SerializeToNode(Metric, CompareJson.Options),
        ["shape"] = Shape.ToText(),
        ["arms"] = new JsonArray([.. Arms.Select(arm => new JsonObject
        {
            ["name"] = arm.Name,
            ["kind"] = arm.Kind.ToString(),
            ["clusters"] = arm.Clusters,
            ["rival"] = arm.Rival,
            ["rules"] = JsonSerializer.SerializeToNode(arm.Rules),
            ["trainingFlops"] = TrainingFlops.Of(arm.Spec, Shape).Total,
            ["spec"] = JsonNode.Parse(SpecJson.Canonical(arm.Spec)),
        })]),
    };

    private static CompareArm[] ArmsOf(RunSpec spec, int[] counts, ModelShape shape)
    {
        RunSpec shared = spec with { Name = "arm", Seed = 0, Clustering = spec.Clustering with { Conditions = 0 } };
        Dictionary<int, int> steps = counts.ToDictionary(k => k, k => TrainingFlops.Of(Ensemble(shared, k, "features"), shape).MonolithSteps);
        int[] distinct = [.. steps.Values.Distinct().Order()];
        string Rival(int k) => distinct.Length == 1 ? "monolith" : FormattableString.Invariant($"monolith-{steps[k]}");
        EvaluationSpec full = shared.Evaluation with { Rules = [CompareRules.Full] };
        var arms = new List<CompareArm>();
        foreach (int k in counts.DistinctBy(k => steps[k]))
        {
            // One monolith serves all K of its training budget; routers differ by the width of their last layer alone.
            double router = counts.Where(other => steps[other] == steps[k]).Max(other => ModelFlops.Router(shared.Router.Model, shape, other));
            RunSpec monolith = shared with
            {
                Experts = new ExpertsSpec { Count = 1 },
                Evaluation = full,
                Training = shared.Training with { Steps = steps[k] },
                Sampling = shared.Evaluation.Rules.Contains(CompareRules.Top1)
                    ? CompareRules.OfEqualCost(shared.Sampling, ModelFlops.Denoiser(shared.Model, shape), router)
                    : shared.Sampling,
            };
            arms.Add(new CompareArm(Rival(k), ArmKind.Monolith, 1, null, [CompareRules.Full], monolith));
        }

        foreach (int k in counts)
        {
            IReadOnlyList<string> rules = CompareRules.Of(spec.Evaluation.Rules, k);
            arms.Add(new CompareArm($"ddm-{k}-features", ArmKind.Ensemble, k, Rival(k), rules, Ensemble(shared, k, "features")));
            arms.Add(new CompareArm($"ddm-{k}-random", ArmKind.RandomEnsemble, k, Rival(k), rules, Ensemble(shared, k, "random")));
            RunSpec conditional = shared with
            {
                Experts = new ExpertsSpec { Count = 1 },
                Evaluation = full,
                Clustering = shared.Clustering with { Method = "features", Conditions = k },
                // It is always told the cluster, so it learns nothing else that guidance could start from.
                Model = shared.Model with { ClassConditional = true, ConditionDropout = 0 },
                Sampling = shared.Sampling with { Guidance = 1 },
                Training = shared.Training with { Steps = steps[k] },
            };
            arms.Add(new CompareArm($"monolith-told-{k}", ArmKind.ConditionalMonolith, k, Rival(k), [CompareRules.Conditional], conditional));
        }

        foreach (CompareArm arm in arms)
        {
            if (arm.Spec.Sampling.Steps > 10_000)
            {
                throw new SpecException(
                    "router.model",
                    $"costs so much that the monolith would need {arm.Spec.Sampling.Steps} solver steps to pay as much as top-1; make it smaller, or leave top-1 out of evaluation.rules");
            }

            SpecValidator.Validate(arm.Spec);
        }

        return [.. arms];
    }

    private static RunSpec Ensemble(RunSpec shared, int experts, string method) => shared with
    {
        Experts = new ExpertsSpec { Count = experts },
        Evaluation = shared.Evaluation with { Rules = CompareRules.Of(shared.Evaluation.Rules, experts) },
        Clustering = shared.Clustering with { Method = method },
    };
}
