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
        var command = new Command("watch", "Follow a run that another process drives, until it ends.")
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
                : RunEvents.FollowOnClusterAsync(connection.Run, after, cancellation);
            if (parsed.GetValue(CommonOptions.Format) == OutputFormat.Json)
            {
                await foreach (RunEvent e in events)
                {
                    Console.WriteLine(JsonSerializer.Serialize(e, new JsonSerializerOptions(StatusText.Json) { WriteIndented = false }));
                }

                return ExitCode.Ok;
            }

            RunStatus status = await connection.Run.GetStatusAsync(cancellation);
            return await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), async progress =>
            {
                progress.Begin(status.Models);
                await foreach (RunEvent e in events)
                {
                    progress.Show(e);
                }

                return ExitCode.Ok;
            });
        });
        return command;
    }
}
