using System.CommandLine;

using OrleansDDM.Client.Solves;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm solve</c>.</summary>
internal static class SolveCommand
{
    public static Command Create()
    {
        var command = new Command("solve", "Solve a convex problem, softmax regression with a ridge, by peers that hold shards of the data, without a server (DADAO).")
        {
            SolveOptions.Data,
            SolveOptions.Limit,
            SolveOptions.Peers,
            SolveOptions.Topology,
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
        return command;
    }
}
