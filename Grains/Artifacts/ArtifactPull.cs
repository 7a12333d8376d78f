using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// Takes one artifact from the silos that hold it: a bounded window of pieces in flight, in order, from one holder at a time. Where a holder
/// fails, the next one goes on at the same byte. Bytes that have another hash as a whole are thrown away; the holders they came from are asked
/// to look at their files, and one that still claims to be right is not asked again.
/// </summary>
internal sealed class ArtifactPull(
    IArtifactHostClient hosts, int window, Action<SiloAddress, string> report, TimeProvider clock, TransferRates? rates = null)
{
    /// <summary>Takes the artifact.</summary>
    /// <param name="reference">The artifact.</param>
    /// <param name="holders">Who may be asked, first choice first; those that have proved bad are removed.</param>
    /// <param name="open">Opens what takes its bytes; once for each try.</param>
    /// <param name="cancellation">Gives up; nothing half-written stays.</param>
    /// <returns>What has taken it; null = nobody has a good copy.</returns>
    /// <exception cref="ArtifactException">This silo's disk is full or fails.</exception>
    public async Task<T?> RunAsync<T>(ArtifactReference reference, List<SiloAddress> holders, Func<Task<T>> open, CancellationToken cancellation)
        where T : class, IArtifactSink
    {
        bool alone = false;
        while (holders.Count > 0)
        {
            SiloAddress[] from = alone ? [holders[0]] : [.. holders];
            T sink = await open();
            List<SiloAddress> asked = [];
            bool complete;
            await using (sink)
            {
                complete = await FillAsync(sink, reference, from, asked, cancellation);
                if (complete && await sink.CommitAsync(cancellation))
                {
                    return sink;
                }
            }

            if (complete && asked.Count > 0)
            {
                // Where several have had a part in it and all claim to be right, each of them will show by itself.
                alone |= !await ExcludeAsync(reference, holders, asked, cancellation);
            }
            else if (alone)
            {
                holders.RemoveAt(0);
            }
            else
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Fills the sink from one holder after the other; false = none is left that answers.</summary>
    private async Task<bool> FillAsync(IArtifactSink sink, ArtifactReference reference, SiloAddress[] from, List<SiloAddress> asked, CancellationToken cancellation)
    {
        foreach (SiloAddress holder in from)
        {
            if (sink.Written < reference.Bytes)
            {
                asked.Add(holder);
            }

            (long before, long begun) = (sink.Written, clock.GetTimestamp());
            if (await FillAsync(sink, reference, holder, cancellation))
            {
                rates?.Note(holder, sink.Written - before, clock.GetElapsedTime(begun));
                return true;
            }
        }

        return false;
    }

    private async Task<bool> FillAsync(IArtifactSink sink, ArtifactReference reference, SiloAddress holder, CancellationToken cancellation)
    {
        IArtifactHost host = hosts.On(holder);
        var flying = new Queue<Task<byte[]>>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long next = sink.Written;
        try
        {
            while (sink.Written < reference.Bytes)
            {
                while (next < reference.Bytes && flying.Count < window)
                {
                    int count = (int)Math.Min(IArtifactHost.MaxChunk, reference.Bytes - next);
                    flying.Enqueue(host.ReadAsync(reference.Sha256, next, count, stop.Token));
                    next += count;
                }

                if (await TakeAsync(flying.Dequeue(), holder, cancellation) is not { } piece)
                {
                    return false;
                }

                long wanted = Math.Min(IArtifactHost.MaxChunk, reference.Bytes - sink.Written);
                if (piece.Length != wanted)
                {
                    report(holder, $"{piece.Length} bytes came where {wanted} were asked for");
                    await ClaimsAsync(reference, holder, cancellation);
                    return false;
                }

                await sink.AppendAsync(piece, cancellation);
            }

            return true;
        }
        finally
        {
            await stop.CancelAsync();
            foreach (Task<byte[]> late in flying)
            {
                _ = late.MayBeGivenUp();
            }
        }
    }

    private async Task<byte[]?> TakeAsync(Task<byte[]> piece, SiloAddress holder, CancellationToken cancellation)
    {
        try
        {
            return await piece;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            report(holder, e.Message);
            return null;
        }
    }

    /// <summary>Asks those who had a part in wrong bytes to look at their files; returns whether some of them are out.</summary>
    private async Task<bool> ExcludeAsync(ArtifactReference reference, List<SiloAddress> holders, List<SiloAddress> asked, CancellationToken cancellation)
    {
        int before = holders.Count;
        foreach (SiloAddress holder in asked)
        {
            report(holder, "the bytes have another hash");
            if (!await ClaimsAsync(reference, holder, cancellation) || asked.Count == 1)
            {
                holders.Remove(holder);
            }
        }

        return holders.Count < before;
    }

    /// <summary>Makes a silo read its file again, and put it aside if it is corrupt; returns whether it claims to be right.</summary>
    private async Task<bool> ClaimsAsync(ArtifactReference reference, SiloAddress holder, CancellationToken cancellation)
    {
        try
        {
            return await hosts.On(holder).VerifyAsync(reference.Sha256, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            report(holder, e.Message);
            return false;
        }
    }
}
