using System.Text;
using System.Text.Json;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Experiments.Claims;

/// <summary>
/// The files of one experiment. Every record carries the hash of the settings that it was measured under; one of other settings is measured
/// again.
/// </summary>
/// <param name="path">The folder; it need not exist.</param>
/// <param name="name">Name of the experiment.</param>
public sealed class ClaimFolder(string path, string name)
{
    /// <summary>Absolute path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Gates and controls.</summary>
    public string Result => Stem + ".json";

    /// <summary>The report.</summary>
    public string Report => Stem + ".html";

    /// <summary>Path of the plots, without the plot's name.</summary>
    public string Stem => System.IO.Path.Combine(Path, name);

    /// <summary>The record of an arm, or null where it is not measured under these settings.</summary>
    public ArmRecord? Read(string planHash, string arm, ulong seed)
    {
        try
        {
            string file = FileOf(arm, seed);
            ArmRecord? found = File.Exists(file) ? JsonSerializer.Deserialize<ArmRecord>(File.ReadAllText(file), CompareJson.Options) : null;
            return found?.PlanHash == planHash ? found : null;
        }
        catch (JsonException)
        {
            return null; // measured again
        }
    }

    /// <summary>Keeps a record.</summary>
    public void Write(ArmRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        string file = FileOf(record.Arm, record.Seed);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        AtomicFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(record, CompareJson.Options));
    }

    /// <summary>Writes result, report and plots.</summary>
    public void Write(ClaimFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        Directory.CreateDirectory(Path);
        foreach (ClaimChart chart in findings.Charts)
        {
            chart.Save(Stem);
        }

        AtomicFile.Write(Result, Encoding.UTF8.GetBytes(findings.ToJsonText()));
        AtomicFile.Write(Report, Encoding.UTF8.GetBytes(ClaimReportPage.Write(findings)));
    }

    private string FileOf(string arm, ulong seed) =>
        System.IO.Path.Combine(Path, name + "-arms", FormattableString.Invariant($"{arm}-seed{seed}.json"));
}
