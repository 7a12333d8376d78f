using System.CommandLine;

using OrleansDDM.Client.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm resume</c>.</summary>
internal static class ResumeCommand
{
    private static readonly Argument<string> Directory = new("dir") { Description = "Folder of the run.", HelpName = "DIR" };

    public static Command Create()
    {
        var command = new Command("resume", "Go on with an interrupted run from its last good checkpoints.")
        {
            Directory,
            CommonOptions.DataRoot,
            CommonOptions.Slots,
            CommonOptions.Progress,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            RunFolder folder = RunFolder.Open(parsed.GetValue(Directory)!);
            return await RunFlow.ResumeAsync(
                folder.ReadSpec(),
                folder,
                parsed.GetValue(CommonOptions.DataRoot)!,
                parsed.GetValue(CommonOptions.Slots),
                parsed.GetValue(CommonOptions.Progress),
                cancellation);
        });
        return command;
    }
}
