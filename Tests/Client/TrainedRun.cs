using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>A run that is trained once for all tests of a class; they change copies only.</summary>
public sealed class TrainedRun : IAsyncLifetime, IDisposable
{
    /// <summary>The run's folder below <see cref="Folder"/>.</summary>
    public const string Name = "runs/shapes";

    private readonly Grains.RunFolder _folder = new();

    /// <summary>Where the client was started.</summary>
    public string Folder => _folder;

    internal DdmResult Training { get; private set; } = null!;

    public async Task InitializeAsync() => Training = await DdmProcess.ExpectAsync(0, _folder, TinyRun.Short());

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    internal Grains.RunFolder Copy() => _folder.Copy();

    internal string File(string name) => Path.Combine(_folder, Name, name);
}
