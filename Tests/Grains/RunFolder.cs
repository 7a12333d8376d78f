using Microsoft.Data.Sqlite;

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

    /// <summary>How many grains have a state in the folder's <c>state.db</c>.</summary>
    public long StoredStates()
    {
        using var database = new SqliteConnection($"Data Source={File("state.db")};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = "SELECT count(*) FROM GrainState WHERE PayloadBinary IS NOT NULL";
        return (long)command.ExecuteScalar()!;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
