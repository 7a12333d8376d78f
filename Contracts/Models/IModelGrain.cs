using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Models;

/// <summary>
/// One model of a run in training: an expert or the router. Key: <see cref="GrainKeys.Model"/>. The run drives it; clients ask the run.
/// </summary>
[SilosOnly]
[Alias(Aliases.ModelGrain)]
public interface IModelGrain : IGrainWithStringKey
{
    /// <summary>Starts or goes on training, in the background, from the newest good checkpoint. Idempotent.</summary>
    /// <exception cref="StaleTermException">A newer run term has been seen, or this one was stopped.</exception>
    [ResponseTimeout("00:01:00")]
    [Alias(Aliases.StartModel)]
    Task<ModelStatus> StartAsync(ModelStart start, CancellationToken cancellation = default);

    /// <summary>
    /// Stops training at the end of the current step, writes a checkpoint and returns when that is done. Idempotent. A start of the same
    /// run term that comes late is refused from then on.
    /// </summary>
    /// <param name="runTerm">Term of the run.</param>
    /// <param name="cancellation">Gives up the call, not the stop.</param>
    /// <exception cref="StaleTermException">A newer run term has been seen.</exception>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    [Alias(Aliases.StopModel)]
    Task<ModelStatus> StopAsync(long runTerm, CancellationToken cancellation = default);

    /// <summary>
    /// Moves it to another silo: training stops after the current step, a checkpoint is written, and the next call finds it there. Whoever
    /// drives the run starts it again.
    /// </summary>
    /// <param name="silo">Name of the silo.</param>
    /// <param name="cancellation">Gives up the call.</param>
    /// <returns>Whether it moves; false where it is there already, or where no active silo has the name.</returns>
    [AlwaysInterleave]
    [Alias(Aliases.MoveModel)]
    Task<bool> MoveAsync(string silo, CancellationToken cancellation = default);

    /// <summary>What is known of it now.</summary>
    [AlwaysInterleave]
    [Alias(Aliases.ModelStatusOf)]
    Task<ModelStatus> GetStatusAsync(CancellationToken cancellation = default);

    /// <summary>Its metrics so far, oldest first.</summary>
    [AlwaysInterleave]
    [Alias(Aliases.History)]
    Task<ModelMetrics> GetMetricsAsync(CancellationToken cancellation = default);

    /// <summary>For the run: stops training and forgets the model.</summary>
    /// <param name="runTerm">Term of the run.</param>
    /// <param name="cancellation">Gives up the call.</param>
    /// <returns>The artifacts that its state referred to; nothing refers to them any more.</returns>
    /// <exception cref="StaleTermException">A newer run term has been seen.</exception>
    [ResponseTimeout("00:02:00")]
    [Alias(Aliases.RemoveModel)]
    Task<ArtifactReference[]> RemoveAsync(long runTerm, CancellationToken cancellation = default);
}

/// <summary>An expert in training. Key: <c>model/NAME/expert-N</c>.</summary>
[Alias(Aliases.ExpertGrain)]
public interface IExpertGrain : IModelGrain;

/// <summary>The router in training. Key: <c>model/NAME/router</c>.</summary>
[Alias(Aliases.RouterGrain)]
public interface IRouterGrain : IModelGrain;
