namespace OrleansDDM.Tests.Grains;

/// <summary>A folder that goes with the test, in memory where the system has such a place: these tests flush to the disk a lot.</summary>
internal sealed class RunFolder : IDisposable
{
    private const string InMemory = "/dev/shm";

    public RunFolder()
    {
        Path = System.IO.Path.Combine(
            Directory.Exists(InMemory) ? InMemory : System.IO.Path.GetTempPath(), "ddm-test-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public static implicit operator string(RunFolder folder) => folder.Path;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>What another process would find if this one were killed now.</summary>
    public RunFolder Copy()
    {
        var copy = new RunFolder();
        foreach (string file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("run.lock", StringComparison.Ordinal)))
        {
            string target = copy.File(System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            System.IO.File.Copy(file, target);
        }

        return copy;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
