using System.Security.Cryptography;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Runs;

/// <summary>
/// Brings artifacts of a cluster to a folder of this machine, in pieces over the gateway. What is half there is gone on with; what is whole is
/// verified; wrong bytes are thrown away and asked for again once their holders have looked at their files.
/// </summary>
/// <param name="artifacts">The cluster's artifacts.</param>
/// <param name="folder">Where to; made if missing.</param>
internal sealed class ArtifactDownload(IArtifactsGrain artifacts, string folder)
{
    private const int Window = 4;
    private const int Passes = 3;
    private const long Most = 8L << 30;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>The bytes of an artifact, verified.</summary>
    /// <param name="reference">The artifact.</param>
    /// <param name="progress">Told the bytes that are here.</param>
    /// <param name="cancellation">Gives up; the next call goes on.</param>
    /// <exception cref="ArtifactException">No live silo has a good copy.</exception>
    public async Task<byte[]> ReadAsync(ArtifactReference reference, Action<long>? progress, CancellationToken cancellation)
    {
        if (!ArtifactNames.IsName(reference.Sha256) || reference.Bytes is < 0 or > Most)
        {
            throw new ArtifactException($"The cluster names an artifact '{reference.Sha256}' of {reference.Bytes} bytes, which cannot be.");
        }

        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, reference.Sha256);
        for (int pass = 1; ; pass++)
        {
            await FillAsync(path, reference, progress, cancellation);
            byte[] bytes = await File.ReadAllBytesAsync(path, cancellation);
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == reference.Sha256)
            {
                return bytes;
            }

            File.Delete(path);
            int good = await artifacts.VerifyAsync(reference.Sha256, cancellation);
            if (good == 0 || pass == Passes)
            {
                throw new ArtifactException($"Artifact {reference.Sha256} came with another hash, and {good} silos have a good copy of it.");
            }
        }
    }

    private async Task FillAsync(string path, ArtifactReference reference, Action<long>? progress, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        if (file.Length > reference.Bytes)
        {
            file.SetLength(0);
        }

        file.Seek(0, SeekOrigin.End);
        var flying = new Queue<Task<byte[]>>();
        long next = file.Length;
        try
        {
            while (file.Position < reference.Bytes)
            {
                progress?.Invoke(file.Position);
                while (next < reference.Bytes && flying.Count < Window)
                {
                    int count = (int)Math.Min(IArtifactHost.MaxChunk, reference.Bytes - next);
                    flying.Enqueue(PieceAsync(reference.Sha256, next, count, cancellation));
                    next += count;
                }

                // What has come is kept, also of a pull that is being given up.
                await file.WriteAsync(await flying.Dequeue(), CancellationToken.None);
            }

            file.Flush(flushToDisk: true);
        }
        finally
        {
            await ((Task)Task.WhenAll(flying)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<byte[]> PieceAsync(string name, long offset, int count, CancellationToken cancellation)
    {
        for (int pass = 1; ; pass++)
        {
            try
            {
                byte[] piece = await artifacts.ReadAsync(name, offset, count, cancellation);
                return piece.Length == count ? piece : throw new ArtifactException($"A piece of artifact {name} came with {piece.Length} bytes instead of {count}.");
            }
            catch (Exception e) when (pass < Passes && e is ArtifactException or ArtifactBusyException or TimeoutException or Orleans.Runtime.OrleansException)
            {
                // A holder that dies is out of the cluster within seconds.
                await Task.Delay(pass * Pause, cancellation);
            }
        }
    }
}
