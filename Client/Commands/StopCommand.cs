using System.CommandLine;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;

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
            RunStatus status = await connection.Run.StopAsync(cancellation);
            StatusText.Write(status, live: true, parsed.GetValue(CommonOptions.Format));
            if (status.Phase == RunPhase.Ready)
            {
                Console.Error.WriteLine(
                    "ddm: The run is trained; there is no training to stop. If 'ddm train' is judging it, interrupt that command: its weights are kept, and 'ddm resume' judges again.");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
