using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The files of one comparison.</summary>
/// <param name="path">The folder; it need not exist.</param>
public sealed class CompareFolder(string path)
{
    private const string Mend = "Delete it to start from the plan again; what was measured under the same plan is kept.";

    /// <summary>Absolute path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The plan, and the findings once there are some.</summary>
    public string Result => System.IO.Path.Combine(Path, "compare.json");

    /// <summary>The report.</summary>
    public string Report => System.IO.Path.Combine(Path, "compare.html");

    /// <summary>The judge's weights.</summary>
    public string Judge => System.IO.Path.Combine(Path, "judge.safetensors");

    /// <summary>What is known of the judge.</summary>
    public string JudgeFacts => System.IO.Path.Combine(Path, "judge.json");

    /// <summary>Holds the arms' folders.</summary>
    public string Arms => System.IO.Path.Combine(Path, "arms");

    /// <summary>Folder of one run.</summary>
    public string ArmOf(CompareRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return System.IO.Path.Combine(Arms, run.Name);
    }

    /// <summary>Hash of the plan that the folder holds; null where it holds none.</summary>
    /// <exception cref="InvalidDataException"><c>compare.json</c> is there, but is no comparison.</exception>
    public string? PlanHash()
    {
        if (!File.Exists(Result))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(File.ReadAllText(Result))?["planHash"]?.GetValue<string>()
                ?? throw new InvalidDataException($"'{Result}' names no plan, so it is no comparison. {Mend}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{Result}' is no comparison: {e.Message} {Mend}", e);
        }
    }

    /// <summary>Freezes a plan in the folder, or checks that it is the one that is frozen there.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="force">Whether another plan is deleted with all of its runs.</param>
    /// <returns>False where the folder holds another plan, and <paramref name="force"/> is not given.</returns>
    public bool Freeze(ComparePlan plan, bool force)
    {
        ArgumentNullException.ThrowIfNull(plan);
        string? held = PlanHash();
        if (held == plan.Hash)
        {
            return true;
        }

        if (held is not null)
        {
            if (!force)
            {
                return false;
            }

            Clear();
        }

        Directory.CreateDirectory(Arms);
        var json = new JsonObject { ["experiment"] = "compare", ["planHash"] = plan.Hash, ["plan"] = plan.ToJson() };
        AtomicFile.Write(Result, Encoding.UTF8.GetBytes(json.ToJsonString(CompareJson.Options)));
        return true;
    }

    /// <summary>What was measured of a run, or null where it is not measured under this plan.</summary>
    public ArmMeasurement? Read(ComparePlan plan, CompareRun run)
    {
        ArgumentNullException.ThrowIfNull(plan);
        string file = MeasurementOf(run);
        try
        {
            ArmMeasurement? found = File.Exists(file) ? ArmMeasurement.FromJson(File.ReadAllText(file)) : null;
            return found?.PlanHash == plan.Hash ? found : null;
        }
        catch (JsonException)
        {
            return null; // measured again
        }
    }

    /// <summary>What is known of the judge, or null where it is not trained.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public JudgeFacts? ReadJudgeFacts()
    {
        if (!File.Exists(Judge) || !File.Exists(JudgeFacts))
        {
            return null;
        }

        try
        {
            JudgeFacts? facts = JsonSerializer.Deserialize<JudgeFacts>(File.ReadAllText(JudgeFacts), CompareJson.Options);
            return facts is { FeatureSpace: not null } ? facts : throw new JsonException("it names no feature space.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{JudgeFacts}' does not describe a judge: {e.Message} Delete it to train the judge again.", e);
        }
    }

    /// <summary>The judge that the facts describe.</summary>
    /// <exception cref="InvalidDataException">The file holds no judge, or another one.</exception>
    public CompareJudge ReadJudge(ComparePlan plan, JudgeFacts facts)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(facts);
        const string mend = "Delete it to train the judge again.";
        try
        {
            CompareJudge judge = CompareJudge.Load(plan.Metric, File.ReadAllBytes(Judge));
            if (judge.FeatureSpace == facts.FeatureSpace)
            {
                return judge;
            }

            string found = judge.FeatureSpace;
            judge.Dispose();
            throw new InvalidDataException($"'{Judge}' holds the judge {found}, but measurements are in {facts.FeatureSpace}. {mend}");
        }
        catch (Exception e) when (e is SafetensorsException or ArgumentException)
        {
            throw new InvalidDataException($"'{Judge}' holds no judge: {e.Message} {mend}", e);
        }
    }

    /// <summary>Keeps the judge, its facts last.</summary>
    public void WriteJudge(CompareJudge judge, JudgeFacts facts)
    {
        ArgumentNullException.ThrowIfNull(judge);
        AtomicFile.Write(Judge, judge.Save());
        AtomicFile.Write(JudgeFacts, JsonSerializer.SerializeToUtf8Bytes(facts, CompareJson.Options));
    }

    /// <summary>Keeps what was measured of a run.</summary>
    public void Write(CompareRun run, ArmMeasurement measurement)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        Directory.CreateDirectory(ArmOf(run));
        AtomicFile.Write(MeasurementOf(run), Encoding.UTF8.GetBytes(measurement.ToJson()));
    }

    private string MeasurementOf(CompareRun run) => System.IO.Path.Combine(ArmOf(run), "measurement.json");

    private void Clear()
    {
        foreach (string file in new[] { Result, Report, Judge, JudgeFacts })
        {
            File.Delete(file);
        }

        if (Directory.Exists(Arms))
        {
            Directory.Delete(Arms, recursive: true);
        }
    }
}
