using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm runs</c>.</summary>
internal static class RunsCommand
{
    public static Command Create()
    {
        var command = new Command("runs", "List the runs in a folder.") { CommonOptions.Runs, CommonOptions.Format };
        command.SetAction(parsed =>
        {
            string root = parsed.GetValue(CommonOptions.Runs)!;
            IEnumerable<RunFolder> folders = Directory.Exists(root)
                ? Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal).Select(path => new RunFolder(path)).Where(f => f.Exists)
                : [];
            Write([.. folders.Select(f => Row.Of(f))], parsed.GetValue(CommonOptions.Format));
            return ExitCode.Ok;
        });
        return command;
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

    private sealed record Row(string Name, string Phase, double Progress, string Data, int Experts, string Folder)
    {
        public static Row Of(RunFolder folder)
        {
            string path = Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Path);
            try
            {
                RunSpec spec = folder.ReadSpec();
                RunStatus? status = folder.ReadStatus();
                string phase = status is null ? "interrupted" : StatusText.PhaseOf(status, RunConnection.IsLive(folder));
                double steps = status?.Models.Sum(m => (double)m.Steps) ?? 0;
                double progress = steps == 0 ? 0 : status!.Models.Sum(m => m.Step) / steps;
                return new Row(spec.Name, phase, progress, spec.Data.Name, spec.Experts.Count, path);
            }
            catch (SpecException)
            {
                return new Row(Path.GetFileName(folder.Path), "bad run.json", 0, "?", 0, path);
            }
        }
    }
}
