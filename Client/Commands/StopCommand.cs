using System.CommandLine;

using OrleansDDM.Client.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm stop</c>.</summary>
internal static class StopCommand
{
    public static Command Create()
    {
        var command = new Command("stop", "Stop a run that another process drives; it writes its checkpoints and can be resumed.")
        {
            CommonOptions.Run,
            CommonOptions.Cluster,
            CommonOptions.Format,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using RunConnection connection =
                await RunConnection.OpenAsync(parsed.GetValue(CommonOptions.Run)!, parsed.GetValue(CommonOptions.Cluster), cancellation);
            StatusText.Write(await connection.Run.StopAsync(cancellation), live: true, parsed.GetValue(CommonOptions.Format));
            return ExitCode.Ok;
        });
        return command;
    }
}
