using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Web;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm runs</c>.</summary>
internal static class RunsCommand
{
    public static Command Create()
    {
        var command = new Command("runs", "List the runs in a folder, or of a cluster.") { CommonOptions.Runs, CommonOptions.Cluster, CommonOptions.Format, RunsRemoveCommand.Create() };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(CommonOptions.Cluster) is { } cluster)
            {
                Write(await OnClusterAsync(cluster, cancellation), parsed.GetValue(CommonOptions.Format));
                return ExitCode.Ok;
            }

            string root = parsed.GetValue(CommonOptions.Runs)!;
            IEnumerable<RunFolder> folders = Directory.Exists(root)
                ? Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal).Select(path => new RunFolder(path)).Where(f => f.Exists)
                : [];
            Write([.. folders.Select(f => Row.Of(f))], parsed.GetValue(CommonOptions.Format));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<Row[]> OnClusterAsync(string cluster, CancellationToken cancellation)
    {
        await using ClusterConnection connection = await ClusterConnection.ToClusterAsync(cluster, cancellation);
        IReadOnlyList<string> keys = await ClusterMembers.RunKeysAsync(cluster, cancellation);
        Row?[] rows = await Task.WhenAll(keys.Select(async key =>
        {
            try
            {
                RunStatus status = await connection.Client.GetGrain<IRunGrain>(key).GetStatusAsync(cancellation);
                return status.SpecHash.Length == 0 ? null : Row.Of(SpecJson.Read(status.Spec), status, live: true, folder: null);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                // One run that cannot be read must not hide the others.
                await Console.Error.WriteLineAsync($"ddm: {key} cannot be read: {e.Message}");
                return new Row(GrainKeys.RunName(key), "unreadable", 0, "?", 0, null);
            }
        }));
        return [.. rows.OfType<Row>()];
    }

    private static void Write(Row[] rows, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(rows, StatusText.Json));
            return;
        }

        Console.WriteLine($"{"name",-20}{"phase",-14}{"progress",-10}{"data",-16}{"experts",-9}folder");
        foreach (Row row in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{row.Name,-20}{row.Phase,-14}{row.Progress,-10:P0}{row.Data,-16}{row.Experts,-9}{row.Folder}"));
        }
    }

    private sealed record Row(string Name, string Phase, double Progress, string Data, int Experts, string? Folder)
    {
        public static Row Of(RunSpec spec, RunStatus? status, bool live, string? folder)
        {
            string phase = status is null ? "interrupted" : StatusText.PhaseOf(status, live);
            double steps = status?.Models.Sum(m => (double)m.Steps) ?? 0;
            double progress = steps == 0 ? 0 : status!.Models.Sum(m => m.Step) / steps;
            return new Row(spec.Name, phase, progress, DataName.Shown(spec.Data.Name), spec.Experts.Count, folder);
        }

        public static Row Of(RunFolder folder)
        {
            string path = Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Path);
            try
            {
                RunSpec spec = folder.ReadSpec();
                RunStatus? status = folder.ReadStatus();
                return Of(spec, status, RunConnection.IsLive(folder), path);
            }
            catch (SpecException)
            {
                return new Row(Path.GetFileName(folder.Path), "bad run.json", 0, "?", 0, path);
            }
        }
    }
}
