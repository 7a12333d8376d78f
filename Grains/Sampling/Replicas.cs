using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Grains.Sampling;

/// <summary>
/// Evaluates trained models on whichever silo can: any that has their weights, or can get them, in the <see cref="ReplicaOrder"/> of the model.
/// A silo that fails is passed over, and the same evaluation, asked of the next, gives the same values.
/// </summary>
internal sealed class Replicas(SiloDirectory silos, IOptions<RunOptions> options, TimeProvider clock)
{
    /// <summary>The prediction.</summary>
    /// <exception cref="ExpertUnavailableException">No silo can evaluate the model; the inner exception says why the last one cannot.</exception>
    public async Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation)
    {
        // A cluster that has just lost a silo may need a while to find out; weights that nobody has will not come by themselves.
        Retry retry = options.Value.Retry(options.Value.CallPatience, clock, request.Model.Weights.Sha256.Length + request.Batch);
        try
        {
            return await retry.RunAsync(() => TryAllAsync(request, cancellation), e => e is not ArtifactException && IsOfReplica(e), null, cancellation);
        }
        catch (Exception e) when (IsOfReplica(e) && !cancellation.IsCancellationRequested)
        {
            throw new ExpertUnavailableException($"No silo can evaluate {request.Model.Role}: {e.Message}", e);
        }
    }

    private async Task<float[]> TryAllAsync(EvaluateRequest request, CancellationToken cancellation)
    {
        Exception? failure = null;
        foreach (ActiveSilo silo in ReplicaOrder.Of(silos.Active(), s => s.Name, request.Model.Weights.Sha256))
        {
            try
            {
                return await silos.Host(silo).EvaluateAsync(request, cancellation);
            }
            catch (Exception e) when (IsOfReplica(e) && !cancellation.IsCancellationRequested)
            {
                // One that cannot be reached now says more than one without the weights: the next try may succeed.
                failure = failure is null or ArtifactException ? e : failure;
            }
        }

        throw failure ?? new SiloUnavailableException("No silo is active.");
    }

    // What ails a silo, not the model: it is gone, going, slow, or has not got the bytes.
    private static bool IsOfReplica(Exception e) =>
        e is OrleansException or TimeoutException or ArtifactException or ObjectDisposedException or OperationCanceledException;
}
