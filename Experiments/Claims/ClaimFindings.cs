using System.Text.Json;
using System.Text.Json.Nodes;

using OrleansDDM.Experiments.Compare;

namespace OrleansDDM.Experiments.Claims;

/// <summary>What an experiment found.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Records">What was measured.</param>
/// <param name="Quick">Whether it was the quick form: fewer seeds and shorter runs under the same gates.</param>
/// <param name="PlanHash">Hash of the settings.</param>
public sealed record ClaimFindings(ClaimExperiment Experiment, ClaimRecords Records, bool Quick, string PlanHash)
{
    /// <summary>The claims and whether they hold.</summary>
    public IReadOnlyList<Gate> Gates { get; } = Experiment.Gates(Records);

    /// <summary>The controls.</summary>
    public IReadOnlyList<Control> Controls { get; } = Experiment.Controls(Records);

    /// <summary>The plots.</summary>
    public IReadOnlyList<ClaimChart> Charts { get; } = Experiment.Charts(Records);

    /// <summary>Settings as JSON.</summary>
    public JsonNode Settings => JsonSerializer.SerializeToNode(Experiment.Settings, Experiment.Settings.GetType(), CompareJson.Options)!;

    /// <summary>The findings as JSON.</summary>
    public string ToJsonText() => new JsonObject
    {
        ["experiment"] = Experiment.Name,
        ["seeds"] = JsonSerializer.SerializeToNode(Records.Seeds, CompareJson.Options),
        ["quick"] = Quick,
        ["paper"] = Experiment.Paper,
        ["gates"] = JsonSerializer.SerializeToNode(Gates, CompareJson.Options),
        ["controls"] = JsonSerializer.SerializeToNode(Controls, CompareJson.Options),
        ["settings"] = Settings,
        ["planHash"] = PlanHash,
        ["seconds"] = Math.Round(Records.All.Sum(r => r.Seconds), 1),
    }.ToJsonString(CompareJson.Options);
}
