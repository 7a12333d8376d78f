using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// Deletes artifacts of this silo that no stored state refers to. One goes only after it was without reference and without use for the whole
/// grace period: what a model has just written is not yet in its state.
/// </summary>
internal sealed partial class ArtifactCollector(
    IArtifactStore store, ArtifactDisk disk, IOptions<ArtifactOptions> options, TimeProvider clock, ILogger<ArtifactCollector> logger)
{
    private readonly Dictionary<string, long> _unreferenced = [];

    /// <summary>Looks at all artifacts once. One call at a time.</summary>
    /// <param name="roots">Says what is referred to.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The artifacts that were deleted.</returns>
    public async Task<IReadOnlyList<string>> CollectAsync(IArtifactRoots roots, CancellationToken stop)
    {
        if (await roots.ReadAsync(stop) is not { Count: > 0 } referred)
        {
            // A database that knows nothing at all is more likely lost than empty.
            return [];
        }

        IReadOnlyList<ArtifactReference> held = await disk.RunAsync(store.List, stop);
        HashSet<string> without = [.. held.Select(a => a.Sha256).Where(name => !referred.Contains(name))];
        foreach (string name in _unreferenced.Keys.Where(name => !without.Contains(name)).ToArray())
        {
            _unreferenced.Remove(name);
        }

        List<string> gone = [];
        TimeSpan grace = options.Value.Grace;
        foreach (string name in without)
        {
            _unreferenced.TryAdd(name, clock.GetTimestamp());
            if (clock.GetElapsedTime(_unreferenced[name]) < grace || store.Idle(name) < grace)
            {
                continue;
            }

            await disk.RunAsync(
                () =>
                {
                    store.Delete(name);
                    return true;
                },
                stop);
            _unreferenced.Remove(name);
            gone.Add(name);
        }

        if (gone.Count > 0)
        {
            LogCollected(gone.Count);
        }

        return gone;
    }

    [LoggerMessage(EventId = 1005, Level = LogLevel.Information, Message = "{Count} artifacts that nothing refers to were deleted")]
    private partial void LogCollected(int count);
}
