using System.CommandLine;

using OrleansDDM.Client.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm demo</c>.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var command = new Command("demo", "Train 4 experts and a router on drawn shapes, sample and judge them: about a minute, no files needed.")
        {
            CommonOptions.Out,
            CommonOptions.Seed,
            CommonOptions.Set,
            CommonOptions.Slots,
            CommonOptions.Web,
            CommonOptions.Progress,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            RunFolder folder = parsed.GetValue(CommonOptions.Out) is { } path ? new RunFolder(path) : NextFree();
            RunSpec spec = SpecSource.Read(Presets.Demo, null, parsed.GetValue(CommonOptions.Set)!, null, parsed.GetValue(CommonOptions.Seed));
            return await RunFlow.RunAsync(
                spec,
                folder,
                force: false,
                [],
                parsed.GetValue(CommonOptions.Slots),
                parsed.GetValue(CommonOptions.Progress),
                parsed.GetValue(CommonOptions.Web),
                cancellation);
        });
        return command;
    }

    // Each demo is a run of its own: runs/demo, runs/demo-2, ...
    private static RunFolder NextFree()
    {
        for (int i = 1; ; i++)
        {
            var folder = new RunFolder(Path.Combine("runs", i == 1 ? "demo" : $"demo-{i}"));
            if (!folder.Exists)
            {
                return folder;
            }
        }
    }
}
