using Microsoft.Extensions.Logging;

using Orleans;

using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>All peers on one silo in this process: no network is in it; frames, state writes, artifacts and aggregation are.</summary>
internal sealed class OneSiloArm : IPeersArm
{
    /// <summary>Its name.</summary>
    public const string Title = "one-process";

    private readonly ClassifierRuntime _runtime;
    private readonly EmbeddedSilo _silo;

    private OneSiloArm(ClassifierRuntime runtime, EmbeddedSilo silo) => (_runtime, _silo) = (runtime, silo);

    /// <inheritdoc/>
    public string Name => Title;

    /// <inheritdoc/>
    public string Words => "one silo in the process of the benchmark";

    /// <inheritdoc/>
    public IGrainFactory Grains => _silo.Client;

    /// <inheritdoc/>
    public int Silos => 1;

    /// <inheritdoc/>
    public string Folder => _silo.RunFolder;

    /// <summary>Starts the silo.</summary>
    public static async Task<OneSiloArm> StartAsync(ClassifierRuntime runtime, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("ddm-benchmark-").FullName;
        try
        {
            return new OneSiloArm(runtime, await EmbeddedSilo.StartAsync(
                new EmbeddedSiloOptions { RunFolder = folder, Learning = runtime, Slots = 1, ThreadsPerSlot = 1, LogLevel = LogLevel.None }, cancellation));
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<PeersUse> Use() => [_runtime.Use()];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
