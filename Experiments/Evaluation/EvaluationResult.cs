using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Learning.Metrics;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>What an evaluation measured; written as <c>metrics.json</c>.</summary>
public sealed record EvaluationResult
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Seed of samples and draws.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Solver, e.g. <c>euler, 40 steps, linear</c>.</summary>
    public required string Solver { get; init; }

    /// <summary>Why samples were not compared with real images; null where they were, or where none were asked for.</summary>
    public string? NotJudged { get; init; }

    /// <summary>What the judge tells apart: <c>labels</c>, or <c>clusters</c> of images with fewer than two classes; null without a judge.</summary>
    public string? JudgedBy { get; init; }

    /// <summary>Whether samples had classes, drawn in the mix of the training images, and the held-out loss the true labels.</summary>
    public bool ClassConditional { get; init; }

    /// <summary>One entry per mixing rule.</summary>
    public required IReadOnlyList<RuleResult> Rules { get; init; }

    /// <summary>The router at each stratum of t; empty where there is one expert.</summary>
    public required IReadOnlyList<RouterJudgement> Router { get; init; }

    /// <summary>Device on which each model was trained, by its role; null = not known.</summary>
    public IReadOnlyDictionary<string, string>? TrainedOn { get; init; }

    /// <summary>Wall time of the whole evaluation in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The JSON document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads what <see cref="ToJson"/> writes.</summary>
    public static EvaluationResult FromJson(string json) => JsonSerializer.Deserialize<EvaluationResult>(json, Options)!;
}

/// <summary>What was measured of one mixing rule.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Samples">Its samples against real images; null where none were drawn.</param>
/// <param name="Loss">Held-out flow-matching loss; null where the rule's prediction is not a posterior mean (the rules that draw at random).</param>
/// <param name="LossPerStratum">The same per stratum of t, from low to high noise.</param>
/// <param name="LossImages">Number of images of the loss.</param>
/// <param name="UsesLabels">Whether the rule saw the true cluster, so that its figures are not comparable with the others.</param>
/// <param name="ExpertUse">Mean weight of each expert at each step: [step][expert].</param>
/// <param name="DroppedMass">Mean router weight dropped, over all steps.</param>
/// <param name="ImagesPerSecond">Samples per second of wall time.</param>
public sealed record RuleResult(
    string Rule,
    SampleReport? Samples,
    double? Loss,
    double[]? LossPerStratum,
    int LossImages,
    bool UsesLabels,
    double[][] ExpertUse,
    double DroppedMass,
    double ImagesPerSecond);
