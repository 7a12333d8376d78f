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
        IRunGrain run = connection.Run;
        RunStatus status = await ProgressView.RunAsync(mode, async progress =>
        {
            SubmitReply reply = await run.SubmitAsync(SpecJson.Canonical(spec), force, CancellationToken.None);
            RunStatus begun = reply.Status.Phase is RunPhase.Stopped or RunPhase.Faulted or RunPhase.Ready
                ? await run.ResumeAsync(CancellationToken.None)
                : reply.Status;
            progress.Say(reply.Attached ? $"The cluster has run '{spec.Name}' already; following it." : $"Run '{spec.Name}' is submitted.");
            progress.Begin(begun.Models);
            try
            {
                await foreach (RunEvent e in RunEvents.FollowOnClusterAsync(run, begun.LastEvent, cancellation))
                {
                    progress.Show(e);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                progress.Say($"The run goes on without this client. Follow it: ddm watch --cluster \"...\" --run {spec.Name}; stop it: ddm stop.");
                throw;
            }

            return await run.GetStatusAsync(CancellationToken.None);
        });
        StatusText.Write(status, live: true, OutputFormat.Table);
        return status.Phase switch
        {
            RunPhase.Ready => ExitCode.Ok,
            RunPhase.Stopped or RunPhase.Stopping => throw new CliException(ExitCode.Interrupted, "The run was stopped. Go on with it by the same command."),
            _ => throw new CliException(ExitCode.Failure, $"The run faulted: {status.Message}"),
        };
    }
}
