using System.Collections.Concurrent;

using Orleans.Concurrency;
using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// Hands artifacts to clients, on the silo that a client is connected to: its own, or those of another silo without keeping them. Recovery:
/// it remembers nothing but who had an artifact the last time. Key format: <c>artifacts</c>.
/// </summary>
[StatelessWorker]
internal sealed class ArtifactsGrain(ArtifactExchange exchange, ArtifactReplication replication, ILiveSilos silos, IArtifactHostClient hosts) : Grain, IArtifactsGrain
{
    private readonly ConcurrentDictionary<string, SiloAddress> _holders = new();

    public async Task<byte[]> ReadAsync(string name, long offset, int count, CancellationToken cancellation = default)
    {
        ArtifactRequests.Piece(name, offset, count);
        string reason = "no live silo has it";
        if (_holders.TryGetValue(name, out SiloAddress? last) || await IsHereAsync(name, cancellation))
        {
            (byte[]? piece, reason) = await TryAsync(last ?? silos.Self, name, offset, count, cancellation);
            if (piece is not null)
            {
                return piece;
            }

            _holders.TryRemove(name, out _);
        }

        foreach (SiloAddress holder in (await exchange.HoldersAsync([name], cancellation))[0])
        {
            (byte[]? piece, reason) = await TryAsync(holder, name, offset, count, cancellation);
            if (piece is not null)
            {
                _holders[name] = holder;
                return piece;
            }
        }

        throw new ArtifactException($"Artifact {name} cannot be had: {reason}.");
    }

    public async Task<int> VerifyAsync(string name, CancellationToken cancellation = default)
    {
        ArtifactRequests.Name(name);
        _holders.TryRemove(name, out _);
        bool[] good = await Task.WhenAll((await exchange.HoldersAsync([name], cancellation))[0].Prepend(silos.Self)
            .Select(s => exchange.AskAsync(s, host => host.VerifyAsync(name, cancellation))));
        return good.Count(g => g);
    }

    public async Task<ReplicaCount> CountAsync(string[] names, CancellationToken cancellation = default)
    {
        ArtifactRequests.Names(names);
        bool[] here = await exchange.AskAsync(silos.Self, host => host.HasAsync(names, cancellation)) ?? new bool[names.Length];
        List<SiloAddress>[] others = await exchange.HoldersAsync(names, cancellation);
        return new ReplicaCount(replication.Wanted, [.. others.Zip(here, (o, h) => o.Count + (h ? 1 : 0))]);
    }

    public async Task<ArtifactHostStatus[]> GetStatusAsync(CancellationToken cancellation = default) =>
        [.. (await Task.WhenAll(silos.Others.Prepend(silos.Self).Select(s => exchange.AskAsync(s, host => host.GetStatusAsync(cancellation)))))
            .OfType<ArtifactHostStatus>()
            .OrderBy(s => s.Silo, StringComparer.Ordinal)];

    private async Task<bool> IsHereAsync(string name, CancellationToken cancellation) =>
        await exchange.AskAsync(silos.Self, host => host.HasAsync([name], cancellation)) is [true];

    private async Task<(byte[]? Piece, string Reason)> TryAsync(SiloAddress holder, string name, long offset, int count, CancellationToken cancellation)
    {
        try
        {
            return (await hosts.On(holder).ReadAsync(name, offset, count, cancellation), string.Empty);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or ArtifactException or ArtifactBusyException or ObjectDisposedException)
        {
            return (null, e.Message);
        }
    }
}
