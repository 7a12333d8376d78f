using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Runs;

/// <summary>One run: from submitted spec to servable model. Key: <see cref="GrainKeys.Run"/>.</summary>
[Alias(Aliases.RunGrain)]
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>
    /// Starts the run, or attaches to it if it has this very spec; it returns at once and the run goes on in the background.
    /// Attaching does not wake a stopped or faulted run: <see cref="ResumeAsync"/> does.
    /// </summary>
    /// <param name="spec">A run's spec as JSON; it is stored in its canonical form.</param>
    /// <param name="force">Give up a run of the same name with a different spec: what its models have stored is removed.</param>
    /// <param name="cancellation">Gives up the call, not the run.</param>
    /// <exception cref="RunConflictException">The name belongs to a run with a different spec.</exception>
    /// <exception cref="BadRequestException">The spec is not valid, or has another name than the key.</exception>
    [ResponseTimeout("00:03:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.Submit)]
    Task<SubmitReply> SubmitAsync(string spec, bool force = false, CancellationToken cancellation = default);

    /// <summary>Goes on with a stopped, faulted or interrupted run from its last checkpoints, and mends a ready one whose weights are lost; returns at once.</summary>
    /// <exception cref="RunNotFoundException">Nothing was submitted under this name.</exception>
    [ResponseTimeout("00:03:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.Resume)]
    Task<RunStatus> ResumeAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Stops the run; returns when every model has written a checkpoint and the end is stored. A run that is ready, stopped or faulted stays so.
    /// </summary>
    /// <exception cref="RunNotStoredException">Training has stopped, but the end could not be stored in time.</exception>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.StopRun)]
    Task<RunStatus> StopAsync(CancellationToken cancellation = default);

    /// <summary>What is known of the run now.</summary>
    [AlwaysInterleave]
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.RunStatusOf)]
    Task<RunStatus> GetStatusAsync(CancellationToken cancellation = default);

    /// <summary>The metrics of all models so far: a function of the spec alone once the run is ready.</summary>
    [AlwaysInterleave]
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.Metrics)]
    Task<ModelMetrics[]> GetMetricsAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Events as they happen, after a replay of the durable ones with a number above <paramref name="after"/>. It ends when the run
    /// is ready, stopped or faulted. A client that lost the stream goes on from its last durable number; a number that the run
    /// does not know replays everything. Of very long runs, the oldest checkpoint events are dropped from the replay.
    /// </summary>
    [AlwaysInterleave]
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.Watch)]
    IAsyncEnumerable<RunEvent> WatchAsync(long after = 0, CancellationToken cancellation = default);

    /// <summary>For the run's models: what one of them did. A lower term than the last one seen is refused.</summary>
    /// <exception cref="StaleTermException">A newer activation of the model has reported.</exception>
    [AlwaysInterleave]
    [SilosOnly]
    [Alias(Aliases.Report)]
    Task ReportAsync(ModelReport report, CancellationToken cancellation = default);

    /// <summary>Removes the run: its state, that of its models, and the artifacts that only it refers to. It cannot be undone.</summary>
    /// <param name="force">Stop it first if it is at work.</param>
    /// <param name="cancellation">Gives up the call.</param>
    /// <exception cref="RunNotFoundException">Nothing was submitted under this name.</exception>
    /// <exception cref="RunActiveException">It is at work, and <paramref name="force"/> is not given.</exception>
    /// <exception cref="RunNotStoredException">It could not be stopped in time, or another silo has taken it over; nothing is removed.</exception>
    /// <exception cref="StaleTermException">One of its models has seen a newer activation of the run. Call again.</exception>
    [ResponseTimeout("00:05:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.RemoveRun)]
    Task RemoveAsync(bool force = false, CancellationToken cancellation = default);
}
