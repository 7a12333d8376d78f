using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>A run on a cluster from the command line: submit, follow, tell how it ended. The client only looks on: the run outlives it.</summary>
internal static class ClusterFlow
{
    /// <summary>Submits the run, or attaches to it if the cluster has it with this very spec, and follows it to its end.</summary>
    /// <exception cref="RunConflictException">The cluster has a run of that name with a different spec, and <paramref name="force"/> is not given.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the run goes on.</exception>
    /// <exception cref="CliException">The run faulted or was stopped.</exception>
    public static async Task<int> RunAsync(RunSpec spec, string cluster, bool force, ProgressMode mode, CancellationToken cancellation)
    {
        await using RunConnection connection = await RunConnection.OnClusterAsync(spec.Name, cluster, cancellation);
        return await FollowAsync(connection, mode, cancellation, async progress =>
        {
            SubmitReply reply = await SubmitAsync(connection.Run, spec, force);
            progress.Say(reply.Attached ? $"The cluster has run '{spec.Name}' already; following it." : $"Run '{spec.Name}' is submitted.");
            return reply.Status;
        });
    }

    /// <summary>Submits the run, or attaches to it; one that was stopped or has faulted goes on.</summary>
    /// <exception cref="RunConflictException">The cluster has a run of that name with a different spec, and <paramref name="force"/> is not given.</exception>
    public static async Task<SubmitReply> SubmitAsync(IRunGrain run, RunSpec spec, bool force)
    {
        SubmitReply reply = await run.SubmitAsync(SpecJson.Canonical(spec), force, CancellationToken.None);
        return reply.Status.Phase is RunPhase.Preparing or RunPhase.Training
            ? reply
            : reply with { Status = await run.ResumeAsync(CancellationToken.None) };
    }

    /// <summary>Goes on with a run that the cluster has, and follows it to its end.</summary>
    /// <exception cref="RunNotFoundException">The cluster has no such run.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the run goes on.</exception>
    /// <exception cref="CliException">The run faulted or was stopped.</exception>
    public static async Task<int> ResumeAsync(string run, string cluster, ProgressMode mode, CancellationToken cancellation)
    {
        await using RunConnection connection = await RunConnection.OpenAsync(run, cluster, cancellation);
        return await FollowAsync(connection, mode, cancellation, _ => connection.Run.ResumeAsync(CancellationToken.None));
    }

    private static async Task<int> FollowAsync(
        RunConnection connection, ProgressMode mode, CancellationToken cancellation, Func<IProgressSink, Task<RunStatus>> begin)
    {
        RunStatus status = await ProgressView.RunAsync(mode, async progress =>
        {
            RunStatus begun = await begin(progress);
            progress.Begin(begun.Models);
            try
            {
                await foreach (RunEvent e in RunEvents.FollowOnClusterAsync(connection.Run, begun.LastEvent, clock: null, cancellation))
                {
                    progress.Show(e);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                progress.Say($"The run goes on without this client. Follow it: ddm watch --cluster \"...\" --run {connection.Name}; stop it: ddm stop.");
                throw;
            }

            return await connection.Run.GetStatusAsync(CancellationToken.None);
        });
        StatusText.Write(status, live: true, OutputFormat.Table);
        return status.Phase switch
        {
            RunPhase.Ready => ExitCode.Ok,
            RunPhase.Stopped or RunPhase.Stopping => throw new CliException(ExitCode.Interrupted, "The run was stopped. Go on with it: ddm resume --cluster."),
            _ => throw new CliException(ExitCode.Failure, $"The run faulted: {status.Message}"),
        };
    }
}
