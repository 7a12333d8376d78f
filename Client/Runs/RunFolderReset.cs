namespace OrleansDDM.Client.Runs;

/// <summary>Empties a run's folder, for <c>--force</c>. Only what a run writes is deleted.</summary>
internal static class RunFolderReset
{
    private static readonly string[] Files =
        ["run.json", "metrics.jsonl", "metrics.json", "status.json", "samples.png", "clusters.png", "report.html", "endpoint.json", "checkpoints.jsonl"];

    private static readonly string[] Folders = ["model", "artifacts", "quarantine"];

    /// <summary>Deletes the run in the folder.</summary>
    public static void Clear(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        foreach (string file in Files.Concat(Directory.EnumerateFiles(folder.Path, "state.db*").Select(f => Path.GetFileName(f)!)))
        {
            File.Delete(Path.Combine(folder.Path, file));
        }

        foreach (string name in Folders.Select(f => Path.Combine(folder.Path, f)).Where(Directory.Exists))
        {
            Directory.Delete(name, recursive: true);
        }
    }
}
