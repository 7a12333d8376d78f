using System.Text;

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// The artifacts of all live silos as seen from this one: who holds what, and bringing it here. Who holds what is known by asking, so that it
/// is right after any failure. May be called from grains and from any thread.
/// </summary>
internal sealed partial class ArtifactExchange(
    IArtifactStore store,
    ArtifactDisk disk,
    IArtifactHostClient hosts,
    ILiveSilos silos,
    IOptions<ArtifactOptions> options,
    TimeProvider clock,
    ILogger<ArtifactExchange> logger,
    TransferRates? rates = null) : IDisposable
{
    private const int Passes = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _pulls = new(options.Value.Pulls);
    private readonly SharedTasks<bool> _toDisk = new();
    private readonly SharedTasks<byte[]> _toMemory = new();

    /// <summary>Brings an artifact to this silo's disk unless it is there; it is verified on the way.</summary>
    /// <param name="reference">The artifact.</param>
    /// <param name="most">Largest size that is taken; null = that of the settings.</param>
    /// <param name="likely">Who is said to have it: asked first, and in most cases alone; null = all are asked.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ArtifactException">No live silo has a good copy, it is larger than allowed, or the disk is full.</exception>
    public async Task FetchAsync(ArtifactReference reference, long? most = null, SiloAddress? likely = null, CancellationToken cancellation = default)
    {
        Require(reference, most);
        if (await disk.RunAsync(() => store.Contains(reference.Sha256), cancellation))
        {
            return;
        }

        await _toDisk.RunAsync(
            reference.Sha256,
            async () =>
            {
                await PullAsync(reference, likely, async () => new DiskSink(await disk.RunAsync(() => store.Receive(reference)), disk));
                return true;
            },
            cancellation);
    }

    /// <summary>The bytes of an artifact, verified, from this silo's disk or straight from another silo; then they are not written here.</summary>
    /// <param name="reference">The artifact.</param>
    /// <param name="most">Largest size that is taken; null = that of the settings.</param>
    /// <param name="likely">Who is said to have it: asked first, and in most cases alone; null = all are asked.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ArtifactException">No live silo has a good copy, or it is larger than allowed.</exception>
    public async Task<byte[]> TakeAsync(ArtifactReference reference, long? most = null, SiloAddress? likely = null, CancellationToken cancellation = default)
    {
        Require(reference, most);
        return await disk.RunAsync(Local, cancellation) ?? await _toMemory.RunAsync(
            reference.Sha256, async () => (await PullAsync(reference, likely, () => Task.FromResult(new MemorySink(reference)))).Bytes, cancellation);

        byte[]? Local()
        {
            try
            {
                return store.Contains(reference.Sha256) ? store.Read(reference.Sha256) : null;
            }
            catch (Exception e) when (e is ArtifactException or IOException)
            {
                return null; // corrupt, and out of the way now, or not to be read for a while
            }
        }
    }

    /// <summary>The bytes of an artifact, verified, from this silo's disk or through it from another silo. Blocks: call it on a slot's thread.</summary>
    /// <exception cref="ArtifactException">No live silo has a good copy.</exception>
    public byte[] Read(ArtifactReference reference, long? most = null)
    {
        ArtifactException? local = null;
        try
        {
            if (store.Contains(reference.Sha256))
            {
                return store.Read(reference.Sha256);
            }
        }
        catch (ArtifactException e)
        {
            local = e; // corrupt, and out of the way now
        }

        if (silos.Others.Count == 0)
        {
            throw local ?? new ArtifactException($"Artifact {reference.Sha256} is missing.");
        }

        FetchAsync(reference, most).GetAwaiter().GetResult();
        return store.Read(reference.Sha256);
    }

    /// <summary>Whether some live silo has a good copy. Blocks: call it on a slot's thread.</summary>
    public bool IsGood(string sha256)
    {
        if (store.Verify(sha256))
        {
            return true;
        }

        return AnyAsync().GetAwaiter().GetResult();

        async Task<bool> AnyAsync()
        {
            foreach (SiloAddress holder in (await HoldersAsync([sha256]))[0])
            {
                if (await AskAsync(holder, host => host.VerifyAsync(sha256)))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The other live silos that have each artifact; one that does not answer has none.</summary>
    public Task<List<SiloAddress>[]> HoldersAsync(string[] names, CancellationToken cancellation = default) => HoldersAsync(silos.Others, names, cancellation);

    private async Task<List<SiloAddress>[]> HoldersAsync(IEnumerable<SiloAddress> asked, string[] names, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(names);
        List<SiloAddress>[] holders = [.. names.Select(_ => new List<SiloAddress>())];
        foreach ((SiloAddress other, bool[]? held) in await AskHeldAsync(asked, names, cancellation))
        {
            for (int n = 0; n < names.Length && held is not null; n++)
            {
                if (held[n])
                {
                    holders[n].Add(other);
                }
            }
        }

        return holders;
    }

    /// <summary>Whether every silo of the cluster is there and says that it has not got the artifact: waiting for it is in vain.</summary>
    public async Task<bool> IsNowhereAsync(string sha256, CancellationToken cancellation = default)
    {
        try
        {
            return await silos.AreAllActiveAsync(cancellation)
                && (await AskHeldAsync(silos.Others, [sha256], cancellation)).All(a => a.Held is [false])
                && !await disk.RunAsync(() => store.Contains(sha256), cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Who cannot be asked, e.g. as the database is away, may yet have it.
            LogNotKnown(sha256, e.Message);
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pulls.Dispose();

    /// <summary>The silos in the order in which they are chosen for an artifact: the same everywhere, another one for each artifact.</summary>
    internal static IEnumerable<SiloAddress> InOrder(string sha256, IEnumerable<SiloAddress> silos) =>
        silos.OrderBy(s => ArtifactNames.Of(Encoding.UTF8.GetBytes(sha256 + s.ToParsableString())), StringComparer.Ordinal);

    /// <summary>Seed of the pauses of who waits for an artifact: another one for each artifact.</summary>
    internal static int SeedOf(string sha256) => Convert.ToInt32(sha256[..8], 16);

    private void Require(ArtifactReference reference, long? most)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArtifactNames.Require(reference.Sha256);
        long limit = Math.Min(most ?? long.MaxValue, options.Value.MaxBytes);
        if (reference.Bytes < 0 || reference.Bytes > limit)
        {
            throw new ArtifactException($"Artifact {reference.Sha256} is said to have {reference.Bytes} bytes; allowed are 0 to {limit}.");
        }
    }

    private async Task<T> PullAsync<T>(ArtifactReference reference, SiloAddress? likely, Func<Task<T>> open)
        where T : class, IArtifactSink
    {
        await _pulls.WaitAsync();
        try
        {
            // A silo that leaves has its last checkpoints replicated: they are nowhere else.
            SiloAddress[] asked = [.. silos.Others, .. silos.Leaving];
            HashSet<SiloAddress> bad = [];

            // A holder that dies or is busy fails many silos, and many artifacts of one, at the same moment.
            var random = new Random(SeedOf(reference.Sha256) ^ silos.Self.GetConsistentHashCode());
            var pull = new ArtifactPull(hosts, options.Value.Window, (silo, why) => LogHolder(reference.Sha256, silo.ToString(), why), clock, rates);
            if (likely is not null && asked.Contains(likely) && await pull.RunAsync(reference, [likely], open, CancellationToken.None) is { } said)
            {
                return said;
            }

            for (int pass = 1; pass <= Passes; pass++)
            {
                List<SiloAddress> found = [.. (await HoldersAsync(asked, [reference.Sha256], CancellationToken.None))[0].Where(h => !bad.Contains(h))];
                if (found.Count == 0)
                {
                    break;
                }

                List<SiloAddress> holders = [.. InOrder(reference.Sha256, found)];
                if (await pull.RunAsync(reference, holders, open, CancellationToken.None) is { } taken)
                {
                    return taken;
                }

                bad.UnionWith(found.Except(holders));
                if (pass < Passes)
                {
                    await Task.Delay(Retry.Shortened(pass * Pause, random), clock);
                }
            }

            throw new ArtifactException($"Artifact {reference.Sha256} is missing: neither this silo nor one of {asked.Length} other live ones has a good copy.");
        }
        finally
        {
            _pulls.Release();
        }
    }

    /// <summary>What each of some silos says of artifacts; null = it did not answer.</summary>
    private async Task<(SiloAddress Silo, bool[]? Held)[]> AskHeldAsync(IEnumerable<SiloAddress> asked, string[] names, CancellationToken cancellation)
    {
        (SiloAddress Silo, bool[]? Held)[] answers = await Task.WhenAll(asked.Select(async other => (other, await AskAsync(other, async host =>
        {
            bool[] held = await host.HasAsync(names, cancellation);
            return held.Length == names.Length ? held : null;
        }))));
        cancellation.ThrowIfCancellationRequested();
        return answers;
    }

    /// <summary>Asks one silo; the default value is the answer of one that does not answer.</summary>
    public async Task<T?> AskAsync<T>(SiloAddress silo, Func<IArtifactHost, Task<T>> ask)
    {
        try
        {
            return await ask(hosts.On(silo));
        }
        catch (Exception e)
        {
            // Whatever ails the other silo, its disk or the way there, is no fault of this one.
            LogUnanswered(silo.ToString(), e.Message);
            return default;
        }
    }

    [LoggerMessage(EventId = 1008, Level = LogLevel.Warning, Message = "Artifact {Sha256} cannot be taken from {Silo}: {Reason}")]
    private partial void LogHolder(string sha256, string silo, string reason);

    [LoggerMessage(EventId = 1009, Level = LogLevel.Information, Message = "{Silo} was asked about artifacts in vain: {Reason}")]
    private partial void LogUnanswered(string silo, string reason);

    [LoggerMessage(EventId = 1014, Level = LogLevel.Information, Message = "Whether artifact {Sha256} is nowhere cannot be known: {Reason}")]
    private partial void LogNotKnown(string sha256, string reason);
}
