using System.CommandLine;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm status</c>.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new Command("status", "Show how far a run is; asks the process that drives it, or reads its last status.")
        {
            CommonOptions.Run,
            CommonOptions.Cluster,
            CommonOptions.Format,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(CommonOptions.Cluster) is { } cluster)
            {
                await using RunConnection connection = await RunConnection.OpenAsync(parsed.GetValue(CommonOptions.Run)!, cluster, cancellation);
                RunStatus status = await connection.Run.GetStatusAsync(cancellation);
                StatusText.Write(
                    status, live: true, parsed.GetValue(CommonOptions.Format), await Replicas.UnderReplicatedAsync(connection.Grains, status, cancellation));
                return ExitCode.Ok;
            }

            RunFolder folder = RunFolder.Open(parsed.GetValue(CommonOptions.Run)!);
            bool live = RunConnection.IsLive(folder);
            StatusText.Write(live ? await AskAsync(folder, cancellation) : Last(folder), live, parsed.GetValue(CommonOptions.Format));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<RunStatus> AskAsync(RunFolder folder, CancellationToken cancellation)
    {
        await using RunConnection connection = await RunConnection.OpenAsync(folder, cancellation);
        return await connection.Run.GetStatusAsync(cancellation);
    }

    private static RunStatus Last(RunFolder folder) => folder.ReadStatus() ?? new RunStatus { Name = folder.ReadSpec().Name };
}
