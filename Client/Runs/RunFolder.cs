using System.Text.Json;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>The files of one run's folder.</summary>
/// <param name="path">The folder; it need not exist.</param>
public sealed class RunFolder(string path)
{
    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The effective spec.</summary>
    public string Spec => File("run.json");

    /// <summary>Metric rows, one JSON object a line.</summary>
    public string MetricRows => File("metrics.jsonl");

    /// <summary>The evaluation's figures.</summary>
    public string Metrics => File("metrics.json");

    /// <summary>Newest status of the run as JSON, for when no silo is up.</summary>
    public string Status => File("status.json");

    /// <summary>Grid of samples.</summary>
    public string Samples => File("samples.png");

    /// <summary>Real images per cluster beside samples of that expert.</summary>
    public string Clusters => File("clusters.png");

    /// <summary>The report, one self-contained file.</summary>
    public string Report => File("report.html");

    /// <summary>The trained model.</summary>
    public string Model => File("model");

    /// <summary>Whether there is a run here.</summary>
    public bool Exists => System.IO.File.Exists(Spec);

    /// <summary>Opens an existing run folder.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static RunFolder Open(string path)
    {
        var folder = new RunFolder(path);
        return folder.Exists
            ? folder
            : throw new CliException(ExitCode.BadConfiguration, $"'{path}' is not a run folder: it has no run.json. 'ddm runs' lists the runs.");
    }

    /// <summary>Reads the run's spec.</summary>
    /// <exception cref="SpecException">It is not a valid spec.</exception>
    public RunSpec ReadSpec()
    {
        string json = System.IO.File.ReadAllText(Spec);
        return json.Length > 0 ? SpecJson.Read(json) : throw new SpecException("run.json", $"of '{Path}' is empty");
    }

    /// <summary>The newest status that was written, or null.</summary>
    public RunStatus? ReadStatus()
    {
        try
        {
            return System.IO.File.Exists(Status)
                ? JsonSerializer.Deserialize<RunStatus>(System.IO.File.ReadAllText(Status), StatusText.Json)
                : null;
        }
        catch (JsonException)
        {
            return null; // torn by a crash of the machine: the status is for information only
        }
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
