using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm db</c>.</summary>
internal static class DbCommand
{
    private static readonly Option<string> Cluster = new("--cluster")
    {
        Description = $"PostgreSQL connection string that names the cluster; required, here or by {CommonOptions.ClusterVariable}.",
        HelpName = "CONNECTION",
        Required = CommonOptions.ClusterOfEnvironment is null,
        DefaultValueFactory = CommonOptions.ClusterOfEnvironment is { } named ? _ => named : null,
    };

    public static Command Create()
    {
        var init = new Command("init", "Install the cluster's tables and queries in its database, or bring them up to date; may run any number of times.")
        {
            Cluster,
            CommonOptions.Format,
        };
        init.SetAction(async (parsed, cancellation) =>
        {
            await PostgresSchema.InstallAsync(parsed.GetValue(Cluster)!, cancellation);
            Write(await PostgresSchema.InspectAsync(parsed.GetValue(Cluster)!, cancellation), parsed.GetValue(CommonOptions.Format));
            return ExitCode.Ok;
        });
        var check = new Command("check", "Tell whether the cluster's database has what this program needs.") { Cluster, CommonOptions.Format };
        check.SetAction(async (parsed, cancellation) =>
        {
            IReadOnlyList<FeatureState> states = await PostgresSchema.InspectAsync(parsed.GetValue(Cluster)!, cancellation);
            Write(states, parsed.GetValue(CommonOptions.Format));
            if (states.All(s => s.Condition == FeatureCondition.Current))
            {
                return ExitCode.Ok;
            }

            await Console.Error.WriteLineAsync(states.Any(s => s.Condition == FeatureCondition.Newer)
                ? "ddm: The database has a newer schema than this program knows. Use the newer program."
                : "ddm: The database has no schema of this version. Install it: ddm db init --cluster \"...\"");
            return ExitCode.BadConfiguration;
        });
        return new Command("db", "Prepare the PostgreSQL database of a cluster.") { init, check };
    }

    private static void Write(IReadOnlyList<FeatureState> states, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(states, StatusText.Json));
            return;
        }

        foreach (FeatureState state in states)
        {
            Console.WriteLine($"{state.Feature,-15}{state.Condition.ToString().ToLowerInvariant(),-9}{state.Detail ?? "version " + state.Needed}");
        }
    }
}
