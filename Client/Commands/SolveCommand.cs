using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Solves;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm solve</c>.</summary>
internal static class SolveCommand
{
    private static readonly Argument<string> Solve = new("NAME") { Description = "Name of the solve." };

    private static readonly Option<bool> Force = new("--force") { Description = "Remove it even if it is at work: it is stopped first." };

    public static Command Create()
    {
        var command = new Command("solve", "Solve a convex problem, softmax regression with a ridge, by peers that hold shards of the data, without a server (DADAO).")
        {
            SolveOptions.Data,
            SolveOptions.Limit,
            SolveOptions.Peers,
            SolveOptions.Topology,
            SolveOptions.TopologyFile,
            SolveOptions.TopologyDegree,
            SolveOptions.TopologyRadius,
            SolveOptions.Rates,
            SolveOptions.Shards,
            SolveOptions.Alpha,
            SolveOptions.Ridge,
            SolveOptions.Accuracy,
            SolveOptions.Gradients,
            SolveOptions.Unit,
            SolveOptions.Check,
            SolveOptions.Name,
            CommonOptions.Seed,
            CommonOptions.DataRoot,
            CommonOptions.Out,
            CommonOptions.Force,
            CommonOptions.Slots,
            CommonOptions.Cluster,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction((parsed, cancellation) =>
        {
            SolveSpec spec = SolveOptions.Spec(parsed);
            if (parsed.GetValue(CommonOptions.Cluster) is not null)
            {
                CommonOptions.RefuseWithCluster(parsed, CommonOptions.Slots);
            }

            return SolveFlow.RunAsync(parsed, spec, cancellation);
        });
        command.Subcommands.Add(CreateStop());
        command.Subcommands.Add(CreateRemove());
        return command;
    }

    private static Command CreateStop()
    {
        var command = new Command("stop", "Stop a solve on a cluster. Its peers keep what they have stored; submitting it again goes on from there.")
        {
            Solve,
            CommonOptions.Cluster,
            CommonOptions.Format,
        };
        command.SetAction((parsed, cancellation) => OnClusterAsync(parsed, cancellation, async (name, solve) =>
        {
            SolveStatus status = await solve.StopAsync(cancellation);
            string phase = status.Phase.ToString().ToLowerInvariant();
            return status.Phase == SolvePhase.None
                ? throw new CliException(ExitCode.BadConfiguration, $"There is no solve '{name}'.")
                : ($"Solve '{name}' is {phase}.", new { name, phase });
        }));
        return command;
    }

    private static Command CreateRemove()
    {
        var command = new Command("rm", "Remove a solve from a cluster: its state and that of its peers. It cannot be undone.")
        {
            Solve,
            CommonOptions.Cluster,
            Force,
            CommonOptions.Format,
        };
        command.SetAction((parsed, cancellation) => OnClusterAsync(parsed, cancellation, async (name, solve) =>
        {
            await solve.RemoveAsync(parsed.GetValue(Force), cancellation);
            return ($"Solve '{name}' is removed.", new { removed = name });
        }));
        return command;
    }

    private static async Task<int> OnClusterAsync(
        ParseResult parsed, CancellationToken cancellation, Func<string, ISolveGrain, Task<(string Text, object Json)>> act)
    {
        string cluster = parsed.GetValue(CommonOptions.Cluster)
            ?? throw new CliException(ExitCode.BadConfiguration, "Name the cluster by --cluster. A solve without one is in its folder: interrupt its command, or delete the folder.");
        string name = parsed.GetValue(Solve)!;
        await using ClusterConnection connection = await ClusterConnection.ToClusterAsync(cluster, cancellation);
        (string text, object json) = await act(name, connection.Client.GetGrain<ISolveGrain>(GrainKeys.Solve(name)));
        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json ? JsonSerializer.Serialize(json) : text);
        return ExitCode.Ok;
    }
}
