using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Local;

/// <summary>A silo of a local cluster on its way up.</summary>
internal sealed class LocalSiloStart
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly Process _process;
    private readonly string _output;
    private readonly string _log;

    private LocalSiloStart(Process process, string name, string output, string log)
    {
        (_process, _output, _log) = (process, output, log);
        Silo = new LocalSilo(name, LocalProcess.Of(process), null);
    }

    /// <summary>The silo, as far as it is known.</summary>
    public LocalSilo Silo { get; }

    /// <summary>Starts a silo in a session of its own, so that Ctrl+C in our terminal does not reach it, with its output in files.</summary>
    public static LocalSiloStart Begin(string folder, string name, LocalClusterFile file, int expected)
    {
        const string script = "out=$1 log=$2; shift 2; exec setsid \"$@\" > \"$out\" 2>> \"$log\" < /dev/null";
        string output = Path.Combine(folder, "logs", name + ".out");
        string log = LocalCluster.LogOf(folder, name);

        // What an earlier start has said must not be taken for this one's word.
        File.Delete(output);
        string[] silo = [Dotnet(), Path.Combine(AppContext.BaseDirectory, "OrleansDDM.Silos.dll")];
        var start = new ProcessStartInfo("sh", ["-c", script, "sh", output, log, .. silo]);
        foreach ((string key, string value) in file.Settings)
        {
            start.Environment[key] = value;
        }

        // Not on the command line, which everybody on the machine can read.
        start.Environment["DDM__Cluster__Connection"] = file.ConnectionString;
        start.Environment["DDM__Silo__Name"] = name;
        start.Environment["DDM__Silo__Folder"] = folder;
        start.Environment["DDM__Silo__Address"] = "127.0.0.1";
        start.Environment["DDM__Silo__ExpectedSilos"] = expected.ToString(CultureInfo.InvariantCulture);
        start.Environment["DDM__Web__Url"] = WebUrl.Local.ToString();
        return new LocalSiloStart(Process.Start(start)!, name, output, log);
    }

    /// <summary>Waits until it is active.</summary>
    /// <exception cref="ConfigurationException">It refuses its settings.</exception>
    /// <exception cref="ClusterUnreachableException">It ends, or takes too long.</exception>
    public async Task<LocalSilo> ReadyAsync(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            bool ended = _process.HasExited;
            if (File.Exists(_output) && await File.ReadAllTextAsync(_output, cancellation) is { } text && text.EndsWith('\n'))
            {
                return Silo with { HttpUrl = JsonSerializer.Deserialize<SiloInfo>(text, Json)!.HttpUrl };
            }

            if (ended || clock.Elapsed > Limit)
            {
                string last = File.Exists(_log) ? File.ReadLines(_log).LastOrDefault(l => l.Length > 0) ?? string.Empty : string.Empty;
                string how = ended ? $"ended with {_process.ExitCode}" : "is not ready in time";
                string message = $"{Silo.Name} {how}: {last} Its log is '{_log}'.";
                throw _process is { HasExited: true, ExitCode: 3 } ? new ConfigurationException(message) : new ClusterUnreachableException(message);
            }

            await Task.Delay(50, cancellation);
        }
    }

    private static string Dotnet() =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
}
