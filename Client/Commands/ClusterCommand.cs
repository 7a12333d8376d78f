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
        Description = "PostgreSQL connection string; without it a throw-away server of this machine is used.",
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

    private static readonly Option<int?> Expect = new("--expect")
    {
        Description = "Number of active silos that there should be; with another one the exit code is 1. By default what up has started, if it started any.",
        HelpName = "N",
    };

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
        var status = new Command("status", "Show the silos of a cluster: those of --cluster, or those that up has started in the folder.") { Connection, Folder, Expect, CommonOptions.Format };
        status.SetAction(StatusAsync);
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
            status,
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
        Write(
            parsed,
            new { connectionString = cluster.ConnectionString, silos = cluster.Silos.Select(s => new { name = s.Name, processId = s.Process.ProcessId, httpUrl = s.HttpUrl }) },
            string.Join('\n', [.. cluster.Silos.Select(s => $"{s.Name}  process {s.Process.ProcessId}  {s.HttpUrl}"), $"--cluster \"{cluster.ConnectionString}\""]));
        return ExitCode.Ok;
    }

    private static async Task<int> StatusAsync(ParseResult parsed, CancellationToken cancellation)
    {
        LocalClusterFile? local = LocalClusterFile.Read(parsed.GetValue(Folder)!);
        string connection = ConnectionOf(parsed.GetValue(Connection), parsed.GetValue(Folder)!);
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(connection, cancellation);
        var rows = members.Select(m => new
        {
            name = m.Name,
            status = m.Status.ToLowerInvariant(),
            silo = m.Silo.ToString(),
            gateway = m.Gateway?.ToString(),
            host = m.Host,
            started = m.Started,
            lastSeen = m.LastSeen,
            processId = local?.ConnectionString == connection ? local.Silos.FirstOrDefault(s => s.Name == m.Name)?.Process.ProcessId : null,
        }).ToArray();
        int active = rows.Count(r => r.status == "active");
        int? expected = parsed.GetValue(Expect) ?? (local?.ConnectionString == connection ? local.Silos.Count : null);
        Write(
            parsed,
            new { active, expected, silos = rows },
            string.Join('\n', [$"{"name",-16}{"status",-14}{"address",-22}{"last seen (UTC)",-20}process",
                .. rows.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.name,-16}{r.status,-14}{r.silo,-22}{r.lastSeen.UtcDateTime,-20:yyyy-MM-dd HH:mm:ss}{r.processId}"))]));
        if (expected is { } wanted && wanted != active)
        {
            await Console.Error.WriteLineAsync(
                $"ddm: {active} of {wanted} silos are active. Look whether one is down, or is in another cluster by a wrong Cluster:Connection.");
            return ExitCode.Failure;
        }

        return ExitCode.Ok;
    }

    /// <summary>The database of the cluster that is meant.</summary>
    /// <exception cref="CliException">None is named, and none was started in the folder.</exception>
    internal static string ConnectionOf(string? named, string folder) => named ?? LocalClusterFile.Read(folder)?.ConnectionString
        ?? throw new CliException(ExitCode.Unreachable, $"No cluster was started in '{folder}'. Start one with ddm cluster up, or name one with --cluster.");

    internal static void Write(ParseResult parsed, object json, string table) =>
        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json ? JsonSerializer.Serialize(json, StatusText.Json) : table);
}
