using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansDDM.Experiments.Compare;

/// <summary>What a comparison found.</summary>
public sealed record CompareFindings
{
    /// <summary>The plan.</summary>
    public required ComparePlan Plan { get; init; }

    /// <summary>The judge.</summary>
    public required JudgeFacts Judge { get; init; }

    /// <summary>All measurements, in the plan's order.</summary>
    public required IReadOnlyList<ArmMeasurement> Measurements { get; init; }

    /// <summary>For each K the rule with the lowest Fréchet distance on the first seed's validation split.</summary>
    public required IReadOnlyDictionary<int, string> ChosenRules { get; init; }

    /// <summary>Ensembles on features and on random clusters against their monoliths, seed by seed.</summary>
    public required IReadOnlyList<PairedComparison> Pairs { get; init; }

    /// <summary>The claims.</summary>
    public IReadOnlyList<Gate> Gates { get; private init; } = [];

    /// <summary>The controls.</summary>
    public IReadOnlyList<Control> Controls { get; private init; } = [];

    /// <summary>Draws the findings from what was measured. It measures nothing itself.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="measurements">One per run of the plan.</param>
    /// <exception cref="ArgumentException">A run is not measured.</exception>
    public static CompareFindings Of(ComparePlan plan, JudgeFacts judge, IReadOnlyList<ArmMeasurement> measurements)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(measurements);
        ArmMeasurement[] ordered =
        [
            .. plan.Runs.Select(run => measurements.FirstOrDefault(m => m.Arm == run.Arm.Name && m.Seed == run.Seed)
                ?? throw new ArgumentException($"{run.Name} is not measured.", nameof(measurements))),
        ];
        var findings = new CompareFindings
        {
            Plan = plan,
            Judge = judge,
            Measurements = ordered,
            ChosenRules = plan.Runs.Zip(ordered).Where(r => r.First.Choosing).ToDictionary(r => r.First.Arm.Clusters, r => Best(r.Second)),
            Pairs =
            [
                .. plan.Runs.Zip(ordered)
                    .Where(r => r.First.Arm.Kind is ArmKind.Ensemble or ArmKind.RandomEnsemble)
                    .Select(r => PairedComparison.Of(
                        ordered.First(m => m.Arm == r.First.Arm.Rival && m.Seed == r.First.Seed), r.Second, plan.Metric)),
            ],
        };
        return findings with { Gates = CompareGates.Of(findings), Controls = CompareControls.Of(findings) };
    }

    /// <summary>The arm of a kind for K clusters, or null.</summary>
    public CompareArm? Arm(ArmKind kind, int clusters) => Plan.Arms.FirstOrDefault(a => a.Kind == kind && a.Clusters == clusters);

    /// <summary>A figure of an arm over the seeds; runs without it do not count.</summary>
    public SeedStatistic Over(string arm, Func<ArmMeasurement, double?> figure) =>
        SeedStatistic.Of(Measurements.Where(m => m.Arm == arm).Select(figure).OfType<double>());

    /// <summary>Fréchet distance of an arm under a rule over the seeds.</summary>
    public SeedStatistic Distance(string arm, string rule) => Over(arm, m => m.Rules.FirstOrDefault(r => r.Rule == rule)?.Distance);

    /// <summary>The findings as JSON: experiment, seeds, gates and controls, then the plan and every measurement without the single errors.</summary>
    public JsonObject ToJson()
    {
        JsonNode? Node<T>(T value) => JsonSerializer.SerializeToNode(value, CompareJson.Options);
        return new JsonObject
        {
            ["experiment"] = "compare",
            ["seeds"] = Node(Plan.Seeds),
            ["gates"] = Node(Gates),
            ["controls"] = Node(Controls),
            ["planHash"] = Plan.Hash,
            ["judge"] = Node(Judge),
            ["chosenRules"] = new JsonObject([.. ChosenRules.OrderBy(c => c.Key).Select(c => KeyValuePair.Create(FormattableString.Invariant($"{c.Key}"), (JsonNode?)c.Value))]),
            ["pairedLoss"] = Node(Pairs),
            ["measurements"] = Node(Measurements.Select(m => m with { TestErrors = [] })),
            ["plan"] = Plan.ToJson(),
        };
    }

    /// <summary>The text of <see cref="ToJson"/>.</summary>
    public string ToJsonText() => ToJson().ToJsonString(CompareJson.Options);

    private static string Best(ArmMeasurement measurement) =>
        measurement.Rules.Where(r => r.ValidationDistance is not null).MinBy(r => r.ValidationDistance)?.Rule
        ?? throw new ArgumentException($"{measurement.Arm}, seed {measurement.Seed}, was not judged on the validation split.");
}
