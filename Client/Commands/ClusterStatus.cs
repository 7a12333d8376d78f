using System.CommandLine;
using System.Globalization;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm cluster status</c>.</summary>
internal static class ClusterStatus
{
    // What the database knows must not wait for a cluster that is in trouble.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Option<int?> Expect = new("--expect")
    {
        Description = "Number of active silos that there should be; with another one the exit code is 1. By default what up has started, if it started any.",
        HelpName = "N",
    };

    public static Command Create(Option<string?> connection, Option<string> folder)
    {
        var command = new Command("status", "Show the silos of a cluster and their devices: those of --cluster, or those that up has started in the folder.")
        {
            connection,
            folder,
            Expect,
            CommonOptions.Format,
        };
        command.SetAction((parsed, cancellation) => WriteAsync(parsed, ClusterCommand.ConnectionOf(parsed.GetValue(connection), parsed.GetValue(folder)!), parsed.GetValue(folder)!, cancellation));
        return command;
    }

    private static async Task<int> WriteAsync(ParseResult parsed, string connection, string folder, CancellationToken cancellation)
    {
        LocalClusterFile? local = LocalClusterFile.Read(folder) is { } file && file.ConnectionString == connection ? file : null;
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(connection, cancellation);
        Dictionary<string, DeviceText> devices = members.Any(m => m.Status == "Active") ? await DevicesAsync(connection, cancellation) : [];
        var rows = members.Select(m => new
        {
            name = m.Name,
            status = m.Status.ToLowerInvariant(),
            silo = m.Silo.ToString(),
            gateway = m.Gateway?.ToString(),
            host = m.Host,
            started = m.Started,
            lastSeen = m.LastSeen,
            processId = local?.Silos.FirstOrDefault(s => s.Name == m.Name)?.Process.ProcessId,
            devices = m.Status == "Active" ? devices.GetValueOrDefault(m.Name) : null,
        }).ToArray();
        int active = rows.Count(r => r.status == "active");
        int? expected = parsed.GetValue(Expect) ?? local?.Silos.Count;
        ClusterCommand.Write(
            parsed,
            new { active, expected, silos = rows },
            string.Join('\n', [$"{"name",-16}{"status",-14}{"address",-22}{"last seen (UTC)",-20}process",
                .. rows.SelectMany(r => (string[])[
                    string.Create(CultureInfo.InvariantCulture, $"{r.name,-16}{r.status,-14}{r.silo,-22}{r.lastSeen.UtcDateTime,-20:yyyy-MM-dd HH:mm:ss}{r.processId}"),
                    .. r.devices is { } d ? (string[])["  " + d.Line] : [],
                ])]));
        if (expected is { } wanted && wanted != active)
        {
            await Console.Error.WriteLineAsync(
                $"ddm: {active} of {wanted} silos are active. Look whether one is down, or is in another cluster by a wrong Cluster:Connection.");
            return ExitCode.Failure;
        }

        return ExitCode.Ok;
    }

    /// <summary>The devices of the silos that answer, by name; none where nobody may or can be asked, which is said on stderr.</summary>
    private static async Task<Dictionary<string, DeviceText>> DevicesAsync(string connection, CancellationToken cancellation)
    {
        try
        {
            await using ClusterConnection client = await ClusterConnection.ToClusterAsync(connection, cancellation);
            DeviceStatus[] silos = await client.Client.GetGrain<IClusterGrain>(0).GetDevicesAsync(cancellation).WaitAsync(Patience, cancellation);
            return silos.ToDictionary(s => s.Silo, DeviceText.Of);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"ddm: the silos' devices are not shown: {e.Message}");
            return [];
        }
    }
}
