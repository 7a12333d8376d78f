using System.CommandLine;
using System.Diagnostics;

using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm cluster drain</c> and <c>ddm cluster rebalance</c>.</summary>
internal static class ClusterCare
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static Command Drain(Option<string?> connection, Option<string> folder)
    {
        var silo = new Argument<string>("SILO") { Description = "Name of the silo; see ddm cluster status." };
        var command = new Command("drain", "Have a silo leave in good order: no new work, checkpoints, its models go on elsewhere, its process ends.")
        {
            silo,
            connection,
            folder,
            CommonOptions.Format,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(silo)!;
            string cluster = ClusterCommand.ConnectionOf(parsed.GetValue(connection), parsed.GetValue(folder)!);
            var clock = Stopwatch.StartNew();
            await using (ClusterConnection client = await ClusterConnection.ToClusterAsync(cluster, cancellation))
            {
                await client.Client.GetGrain<IClusterGrain>(0).DrainAsync(name, cancellation);
            }

            while ((await ClusterMembers.ReadAsync(cluster, cancellation)).Any(m => m.Name == name && m.Status != "Dead"))
            {
                if (clock.Elapsed > DrainLimit)
                {
                    throw new CliException(ExitCode.Timeout, $"{name} has not left within {DrainLimit.TotalSeconds:0} s. See its log; its setting Silo:StopSeconds bounds it.");
                }

                await Task.Delay(Look, cancellation);
            }

            ClusterCommand.Write(parsed, new { silo = name, seconds = Math.Round(clock.Elapsed.TotalSeconds, 1) }, $"{name} has left after {clock.Elapsed.TotalSeconds:0.0} s.");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Rebalance(Option<string?> connection, Option<string> folder)
    {
        var command = new Command("rebalance", "Move models in training to silos with faster devices or more room, e.g. to one that came back: each writes a checkpoint and goes on from it.")
        {
            connection,
            folder,
            CommonOptions.Format,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string cluster = ClusterCommand.ConnectionOf(parsed.GetValue(connection), parsed.GetValue(folder)!);
            await using ClusterConnection client = await ClusterConnection.ToClusterAsync(cluster, cancellation);
            ModelMove[] moves = await client.Client.GetGrain<IClusterGrain>(0).RebalanceAsync(cancellation);
            ClusterCommand.Write(
                parsed,
                new { moves = moves.Select(m => new { run = m.Run, model = m.Role, from = m.From, to = m.To }) },
                moves.Length == 0 ? "Nothing to move." : string.Join('\n', moves.Select(m => $"{m.Run} {m.Role}: {m.From} to {m.To}")));
            return ExitCode.Ok;
        });
        return command;
    }
}
