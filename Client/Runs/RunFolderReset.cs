using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Client.Runs;

/// <summary>Empties a run's folder, for <c>--force</c>. Only what a run writes is deleted; the lock stays.</summary>
internal static class RunFolderReset
{
    private static readonly string[] Patterns =
    [
        "metrics.jsonl", "metrics.json", "status.json", "samples.png", "clusters.png", "report.html", "endpoint.json*", "state.db*", ".*.tmp",
    ];

    private static readonly string[] Folders = ["model", "artifacts", "checkpoints"];

    /// <summary>Deletes the run in the folder. The spec goes last: what a crash leaves behind is still a run that can be replaced.</summary>
    /// <exception cref="RunFolderInUseException">A process drives it.</exception>
    public static void Clear(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        using RunFolderLock held = RunFolderLock.Take(folder.Path);
        var options = new EnumerationOptions { AttributesToSkip = 0 };
        foreach (string file in Patterns.SelectMany(p => Directory.GetFiles(folder.Path, p, options)))
        {
            File.Delete(file);
        }

        IEnumerable<string> halves = Directory.GetDirectories(folder.Path, ".model.*.tmp", options);
        foreach (string name in Folders.Select(f => Path.Combine(folder.Path, f)).Where(Directory.Exists).Concat(halves))
        {
            Directory.Delete(name, recursive: true);
        }

        File.Delete(folder.Spec);
    }

    /// <summary>Deletes the folder of a run that was cleared, if nothing of the user's is in it.</summary>
    public static void DeleteIfEmpty(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string[] left = [.. Directory.EnumerateFileSystemEntries(folder.Path)];
        if (left.All(path => Path.GetFileName(path) == RunFolderLock.FileName))
        {
            Directory.Delete(folder.Path, recursive: true);
        }
    }
}
