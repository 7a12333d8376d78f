using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm runs rm</c>.</summary>
internal static class RunsRemoveCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Argument<string> Name = new("NAME") { Description = "Name of the run, or its folder." };

    private static readonly Option<bool> Force = new("--force") { Description = "Remove it even if it is at work: it is stopped first." };

    public static Command Create()
    {
        var command = new Command("rm", "Remove a run: its state, and the files that only it needs. It cannot be undone.")
        {
            Name,
            CommonOptions.Runs,
            CommonOptions.Cluster,
            Force,
            CommonOptions.Format,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(Name)!;
            bool force = parsed.GetValue(Force);
            if (parsed.GetValue(CommonOptions.Cluster) is { } cluster)
            {
                CommonOptions.RefuseWithCluster(parsed, CommonOptions.Runs);
                await using RunConnection connection = await RunConnection.OpenAsync(name, cluster, cancellation);
                name = connection.Name;
                await connection.Run.RemoveAsync(force, cancellation);
            }
            else
            {
                await RemoveFolderAsync(FolderOf(name, parsed.GetValue(CommonOptions.Runs)!), force, cancellation);
            }

            Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json
                ? JsonSerializer.Serialize(new { removed = name })
                : $"Run '{name}' is removed.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static RunFolder FolderOf(string name, string runs)
    {
        var below = new RunFolder(Path.Combine(runs, name));
        return below.Exists ? below : RunFolder.Open(name);
    }

    private static async Task RemoveFolderAsync(RunFolder folder, bool force, CancellationToken cancellation)
    {
        if (RunConnection.IsLive(folder))
        {
            if (!force)
            {
                throw new RunActiveException(Path.GetFileName(folder.Path), RunPhase.Training);
            }

            await using RunConnection connection = await RunConnection.OpenAsync(folder, cancellation);
            await connection.Run.StopAsync(cancellation);
        }

        long begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                RunFolderReset.Clear(folder);
                break;
            }
            catch (RunFolderInUseException) when (force && TimeProvider.System.GetElapsedTime(begun) < Patience)
            {
                // The process that drove it is on its way out.
                await Task.Delay(100, cancellation);
            }
        }

        RunFolderReset.DeleteIfEmpty(folder);
    }
}
