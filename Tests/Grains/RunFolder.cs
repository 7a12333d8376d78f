namespace OrleansDDM.Tests.Grains;

/// <summary>A folder that goes with the test.</summary>
internal sealed class RunFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ddm-test-").FullName;

    public static implicit operator string(RunFolder folder) => folder.Path;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
