using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Local;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm cluster</c>.</summary>
internal static class ClusterCommand
{
    private static readonly Option<int> Silos = new("--silos") { Description = "Number of silos.", HelpName = "N", DefaultValueFactory = _ => 3 };

    private static readonly Option<string?> Connection = new("--cluster")
    {
        Description = "PostgreSQL connection string; without it up makes a throw-away server, and the others take the cluster that up has started in --folder.",
        HelpName = "CONNECTION",
        DefaultValueFactory = _ => CommonOptions.ClusterOfEnvironment,
    };

    private static readonly Option<string> Folder = new("--folder")
    {
        Description = "Folder of the silos: artifacts of each under its name, logs, and the file that says what runs.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "ddm-cluster",
    };

    private static readonly Option<int?> Slots = new("--slots") { Description = "Models in training at a time on each silo; its number of cores, or of cards, by default.", HelpName = "N" };

    public static Command Create()
    {
        var up = new Command("up", "Start silos as processes of this machine, and a throw-away PostgreSQL unless --cluster names a database.")
        {
            Silos,
            Connection,
            Folder,
            Slots,
            CommonOptions.DataRoot,
            CommonOptions.Format,
        };
        up.SetAction(UpAsync);
        var down = new Command("down", "End the silos that up has started, in good order, and the throw-away PostgreSQL with all that it holds.") { Folder, CommonOptions.Format };
        down.SetAction(async (parsed, cancellation) =>
        {
            LocalClusterFile? was = await LocalCluster.DownAsync(parsed.GetValue(Folder)!, cancellation);
            Write(parsed, new { silos = was?.Silos.Select(s => s.Name) ?? [] }, was is null ? "Nothing runs." : $"{was.Silos.Count} silos ended.");
            return ExitCode.Ok;
        });
        return new Command("cluster", "Run a cluster on this machine, or look after one.")
        {
            up,
            ClusterStatus.Create(Connection, Folder),
            down,
            ClusterCare.Drain(Connection, Folder),
            ClusterCare.Rebalance(Connection, Folder),
        };
    }

    private static async Task<int> UpAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var settings = new Dictionary<string, string>();
        if (parsed.GetValue(Slots) is { } slots)
        {
            settings["DDM__Silo__Slots"] = slots.ToString(CultureInfo.InvariantCulture);
        }

        if (parsed.GetValue(CommonOptions.DataRoot) is { Length: > 0 } roots)
        {
            settings["DDM__Silo__DataRoots"] = string.Join(Path.PathSeparator, roots.Select(Path.GetFullPath));
        }

        LocalClusterFile cluster = await LocalCluster.UpAsync(
            new LocalClusterOptions
            {
                Folder = parsed.GetValue(Folder)!,
                Silos = parsed.GetValue(Silos),
                Connection = parsed.GetValue(Connection),
                Settings = settings,
            },
            cancellation);
        string folder = Path.GetFullPath(parsed.GetValue(Folder)!);
        if (cluster.Postgres?.Folder is { } data && Path.GetDirectoryName(data) != Path.TrimEndingDirectorySeparator(folder))
        {
            await Console.Error.WriteLineAsync($"The database could not live in '{folder}'. Its data is in '{data}', which a restart of the machine may empty.");
        }

        Write(
            parsed,
            new { connectionString = cluster.ConnectionString, silos = cluster.Silos.Select(s => new { name = s.Name, processId = s.Process.ProcessId, httpUrl = s.HttpUrl }) },
            string.Join('\n', [.. cluster.Silos.Select(s => $"{s.Name}  process {s.Process.ProcessId}  {s.HttpUrl}"), $"--cluster \"{cluster.ConnectionString}\""]));
        return ExitCode.Ok;
    }

    /// <summary>The database of the cluster that is meant.</summary>
    /// <exception cref="CliException">None is named, and none was started in the folder.</exception>
    internal static string ConnectionOf(string? named, string folder) => named ?? LocalClusterFile.Read(folder)?.ConnectionString
        ?? throw new CliException(ExitCode.Unreachable, $"No cluster was started in '{folder}'. Start one with ddm cluster up, or name one with --cluster.");

    internal static void Write(ParseResult parsed, object json, string table) =>
        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json ? JsonSerializer.Serialize(json, StatusText.Json) : table);
}
