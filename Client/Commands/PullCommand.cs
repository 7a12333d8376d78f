using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm pull</c>.</summary>
internal static class PullCommand
{
    private static readonly Option<string?> Folder = new("--out") { Description = "Folder of the model; models/NAME by default.", HelpName = "DIR" };

    public static Command Create()
    {
        var command = new Command("pull", "Fetch the trained model of a run as a folder; an interrupted pull goes on where it was.")
        {
            CommonOptions.Run,
            CommonOptions.Cluster,
            Folder,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction(PullAsync);
        return command;
    }

    private static async Task<int> PullAsync(ParseResult parsed, CancellationToken cancellation)
    {
        await using RunConnection connection = await RunConnection.OpenAsync(
            parsed.GetValue(CommonOptions.Run)!, parsed.GetValue(CommonOptions.Cluster), cancellation);
        RunStatus status = await connection.Run.GetStatusAsync(cancellation);
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetValue(Folder) ?? Path.Combine("models", connection.Name)));
        await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), progress => ModelPull.ToAsync(connection.Grains, status, folder, progress, cancellation));
        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json
            ? JsonSerializer.Serialize(new { model = folder, bytes = RunModel.Weights(status).Sum(w => w.Bytes) })
            : folder);
        return ExitCode.Ok;
    }
}
