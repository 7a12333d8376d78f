using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm watch</c>.</summary>
internal static class WatchCommand
{
    private static readonly Option<long> After = new("--after")
    {
        Description = "Replay the durable events with a higher number first.",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };

    public static Command Create()
    {
        var command = new Command("watch", "Follow a run that another process drives, until it ends. Exits with 0 if it is trained or was stopped, 1 if it faulted.")
        {
            CommonOptions.Run,
            After,
            CommonOptions.Cluster,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using RunConnection connection =
                await RunConnection.OpenAsync(parsed.GetValue(CommonOptions.Run)!, parsed.GetValue(CommonOptions.Cluster), cancellation);
            long after = parsed.GetValue(After);
            IAsyncEnumerable<RunEvent> events = parsed.GetValue(CommonOptions.Cluster) is null
                ? RunEvents.FollowAsync(connection.Run, after, cancellation)
                : RunEvents.FollowOnClusterAsync(connection.Run, after, clock: null, cancellation);
            RunEvent? last = null;
            if (parsed.GetValue(CommonOptions.Format) == OutputFormat.Json)
            {
                await foreach (RunEvent e in events)
                {
                    last = e.Number > 0 ? e : last;
                    Console.WriteLine(JsonSerializer.Serialize(e, new JsonSerializerOptions(StatusText.Json) { WriteIndented = false }));
                }

                return await EndAsync(connection, last);
            }

            RunStatus status = await connection.Run.GetStatusAsync(cancellation);
            return await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), async progress =>
            {
                progress.Begin(status.Models);
                await foreach (RunEvent e in events)
                {
                    last = e.Number > 0 ? e : last;
                    progress.Show(e);
                }

                return await EndAsync(connection, last);
            });
        });
        return command;
    }

    // The last event says how it ended; the process that drove the run may be gone by now.
    private static async Task<int> EndAsync(RunConnection connection, RunEvent? last)
    {
        (RunPhase phase, string? message) = (last?.Phase ?? RunPhase.None, last?.Message);
        if (phase is not (RunPhase.Ready or RunPhase.Stopped or RunPhase.Faulted))
        {
            RunStatus status = await connection.Run.GetStatusAsync(CancellationToken.None);
            (phase, message) = (status.Phase, status.Message);
        }

        return phase == RunPhase.Faulted ? throw new CliException(ExitCode.Failure, $"The run faulted: {message}") : ExitCode.Ok;
    }
}
