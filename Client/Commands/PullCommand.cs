using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Serialization;

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
        ArtifactReference[] weights = RunModel.Weights(status);
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetValue(Folder) ?? Path.Combine("models", connection.Name)));
        if (!Holds(folder, weights))
        {
            await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), async progress =>
            {
                await FetchAsync(connection, status, weights, folder, progress, cancellation);
                return true;
            });
        }

        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json
            ? JsonSerializer.Serialize(new { model = folder, bytes = weights.Sum(w => w.Bytes) })
            : folder);
        return ExitCode.Ok;
    }

    private static async Task FetchAsync(
        RunConnection connection, RunStatus status, ArtifactReference[] weights, string folder, IProgressSink progress, CancellationToken cancellation)
    {
        // Beside the model, where the next pull finds what this one has got.
        string parts = folder + ".pull";
        var download = new ArtifactDownload(connection.Grains.GetGrain<IArtifactsGrain>(GrainKeys.Artifacts), parts);
        progress.Say($"Fetching {weights.Length} models of {weights.Sum(w => w.Bytes)} bytes.");
        var bytes = new byte[weights.Length][];
        for (int i = 0; i < weights.Length; i++)
        {
            bytes[i] = await download.ReadAsync(weights[i], progress: null, cancellation);
            progress.Say($"{status.Models[i].Role}: {bytes[i].Length} bytes.");
        }

        ModelFolder.Write(folder, RunModel.Of(status, bytes));
        Directory.Delete(parts, recursive: true);
    }

    private static bool Holds(string folder, ArtifactReference[] weights)
    {
        try
        {
            if (!Directory.Exists(folder))
            {
                return false;
            }

            ModelContents model = ModelFolder.Read(folder);
            byte[][] held = model.Router is null ? model.Experts : [.. model.Experts, model.Router];
            return held.Select(h => ArtifactNames.Of(h)).SequenceEqual(weights.Select(w => w.Sha256));
        }
        catch (ModelIntegrityException)
        {
            return false; // written anew, unless it is no model folder at all, which the writer refuses
        }
    }
}
