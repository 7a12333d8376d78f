using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// The silo's artifacts as a service that other silos can call. It trusts no request: names, offsets and counts are checked before the disk
/// is touched. Stateless; a new silo serves what it finds in its folder.
/// </summary>
internal sealed class ArtifactHost(
    GrainId id,
    Silo silo,
    ILoggerFactory loggers,
    IArtifactStore store,
    CheckpointIndex index,
    ArtifactDisk disk,
    ArtifactExchange exchange,
    ReplicaWatch replicas,
    ILocalSiloDetails details,
    IOptions<ArtifactOptions> options)
    : GrainService(id, silo, loggers), IArtifactHost
{
    public Task<bool[]> HasAsync(string[] names, CancellationToken cancellation = default)
    {
        ArtifactRequests.Names(names);
        return RunAsync(() => Array.ConvertAll(names, store.Contains), cancellation);
    }

    public Task<byte[]> ReadAsync(string name, long offset, int count, CancellationToken cancellation = default)
    {
        ArtifactRequests.Piece(name, offset, count);
        return RunAsync(() => store.ReadChunk(name, offset, count), cancellation);
    }

    public Task<bool> VerifyAsync(string name, CancellationToken cancellation = default)
    {
        ArtifactRequests.Name(name);
        return RunAsync(() => store.Verify(name), cancellation);
    }

    public Task PullAsync(ArtifactReference reference, CancellationToken cancellation = default)
    {
        ArtifactRequests.Reference(reference, options.Value.MaxBytes);
        return exchange.FetchAsync(reference, cancellation: cancellation);
    }

    public Task DropAsync(string[] names, CancellationToken cancellation = default)
    {
        ArtifactRequests.Names(names);
        return RunAsync(
            () =>
            {
                foreach (string name in names)
                {
                    store.Delete(name);
                }

                return true;
            },
            cancellation);
    }

    public Task ForgetRunAsync(string run, CancellationToken cancellation = default)
    {
        ArtifactRequests.Run(run);
        return RunAsync(
            () =>
            {
                index.Forget(run);
                return true;
            },
            cancellation);
    }

    public Task<ArtifactHostStatus> GetStatusAsync(CancellationToken cancellation = default) => RunAsync(
        () =>
        {
            IReadOnlyList<ArtifactReference> held = store.List();
            return new ArtifactHostStatus(details.Name, held.Count, held.Sum(a => a.Bytes), store.Quarantined(), replicas.UnderReplicated);
        },
        cancellation);

    private Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation) => disk.Waiting < options.Value.Waiting
        ? disk.RunAsync(work, cancellation)
        : throw new ArtifactBusyException(details.Name);
}
