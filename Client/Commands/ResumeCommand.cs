using System.CommandLine;

using OrleansDDM.Client.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm resume</c>.</summary>
internal static class ResumeCommand
{
    private static readonly Argument<string> Directory = new("dir") { Description = "Folder of the run; with --cluster, its name.", HelpName = "DIR|NAME" };

    public static Command Create()
    {
        var command = new Command("resume", "Go on with an interrupted run from its last good checkpoints.")
        {
            Directory,
            CommonOptions.Cluster,
            CommonOptions.DataRoot,
            CommonOptions.Slots,
            CommonOptions.Web,
            CommonOptions.Progress,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(CommonOptions.Cluster) is { } cluster)
            {
                CommonOptions.RefuseWithCluster(parsed, CommonOptions.Slots, CommonOptions.DataRoot, CommonOptions.Web);
                return await ClusterFlow.ResumeAsync(parsed.GetValue(Directory)!, cluster, parsed.GetValue(CommonOptions.Progress), cancellation);
            }

            RunFolder folder = RunFolder.Open(parsed.GetValue(Directory)!);
            return await RunFlow.ResumeAsync(
                folder.ReadSpec(),
                folder,
                parsed.GetValue(CommonOptions.DataRoot)!,
                parsed.GetValue(CommonOptions.Slots),
                parsed.GetValue(CommonOptions.Progress),
                parsed.GetValue(CommonOptions.Web),
                cancellation);
        });
        return command;
    }
}
