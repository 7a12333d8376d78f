using System.Text.Json;

namespace OrleansDDM.Experiments.Compare;

/// <summary>What was measured of one arm under one seed; its cache is one JSON file.</summary>
public sealed record ArmMeasurement
{
    /// <summary>Name of the arm.</summary>
    public required string Arm { get; init; }

    /// <summary>Seed of the run.</summary>
    public required ulong Seed { get; init; }

    /// <summary><see cref="ComparePlan.Hash"/> of the plan that it belongs to.</summary>
    public required string PlanHash { get; init; }

    /// <summary>Squared errors of the arm's <c>full</c> prediction on test images, the mean over values. // (N, S)</summary>
    public required float[] TestErrors { get; init; }

    /// <summary>Mean of <see cref="TestErrors"/>; a conditional monolith is told the true cluster, and not comparable.</summary>
    public required double TestLoss { get; init; }

    /// <summary>The same on as many training images.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>Test loss of the expert of the true cluster, which uses the label; null where there is one expert.</summary>
    public double? OracleLoss { get; init; }

    /// <summary>Per mixing rule.</summary>
    public required IReadOnlyList<RuleMeasurement> Rules { get; init; }

    /// <summary>Share of the training images in each cluster, p(k).</summary>
    public required double[] Priors { get; init; }

    /// <summary>Parameters of all experts and the router.</summary>
    public required long Parameters { get; init; }

    /// <summary>Training FLOPs by <see cref="Compare.TrainingFlops"/>.</summary>
    public required double TrainingFlops { get; init; }

    /// <summary>What training took.</summary>
    public required ArmTimes Times { get; init; }

    /// <summary>The JSON document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, CompareJson.Options);

    /// <summary>Reads what <see cref="ToJson"/> writes.</summary>
    /// <exception cref="JsonException">It is not such a document.</exception>
    public static ArmMeasurement FromJson(string json) =>
        JsonSerializer.Deserialize<ArmMeasurement>(json, CompareJson.Options) ?? throw new JsonException("The measurement is null.");
}

/// <summary>What was measured of one mixing rule.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Distance">Fréchet distance of samples to the test images.</param>
/// <param name="ValidationDistance">Fréchet distance to the validation images, of other samples; null where no rule is chosen by this run.</param>
/// <param name="ExpertUse">Mean weight of each expert over all steps.</param>
/// <param name="SamplingFlops">FLOPs of one sample.</param>
/// <param name="ImagesPerSecond">Samples per second of wall time, all slots together.</param>
public sealed record RuleMeasurement(
    string Rule, double Distance, double? ValidationDistance, double[] ExpertUse, double SamplingFlops, double ImagesPerSecond);

/// <summary>What training took, in seconds.</summary>
/// <param name="Wall">Wall time of training on this machine, over all sessions that ended in order; of a cluster's run, from its submission on without the time in which it was stopped.</param>
/// <param name="Parallel">Wall time as if each model had a machine with one slot: the slowest model.</param>
/// <param name="Clustering">Wall time of the clustering on this machine.</param>
public sealed record ArmTimes(double Wall, double Parallel, double Clustering);
