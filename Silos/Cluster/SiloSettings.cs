using System.Net;
using System.Text;

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Devices;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// Reads the settings of a silo: a JSON file (<c>--settings FILE</c>), then environment variables <c>DDM__Section__Key</c>, then flags; the
/// later ones win. An unknown name is an error, wherever it stands.
/// </summary>
public static partial class SiloSettings
{
    private const string FileFlag = "settings";
    private const string Prefix = "DDM__";

    /// <summary>Reads and validates all settings.</summary>
    /// <param name="args">Flags, <c>--name value</c> or <c>--name=value</c>.</param>
    /// <param name="environment">Environment variables.</param>
    /// <exception cref="ConfigurationException">Names the setting, where it comes from, and its rule.</exception>
    public static ClusterSiloOptions Read(IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>> environment)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(environment);
        Dictionary<string, string> flags = Flags(args);
        var values = new SettingValues();
        if (flags.Remove(FileFlag, out string? file))
        {
            AddFile(values, file);
        }

        // A client's token may stand in the same environment; a silo has no use for it.
        foreach ((string name, string value) in environment.Where(v => v.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            && !v.Key.Equals(ClientCredentials.TokenVariable, StringComparison.OrdinalIgnoreCase)))
        {
            Setting setting = All.FirstOrDefault(s => s.Variable.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new ConfigurationException($"The environment variable {name} is no setting of a silo. Known are {string.Join(", ", All.Select(s => s.Variable))}.");
            values.Set(setting.Key, value, "environment variable " + name);
        }

        foreach ((string flag, string value) in flags)
        {
            values.Set(All.First(s => s.Flag == flag).Key, value, "--" + flag);
        }

        return Validate(values);
    }

    /// <summary>The flags in words.</summary>
    public static string Help()
    {
        var text = new StringBuilder("Runs one silo of a cluster until it is interrupted or terminated.\n\nUsage: dotnet run --project Silos -- --cluster CONNECTION [flags]\n\n");
        text.Append("  --settings FILE".PadRight(34)).Append("JSON file of settings; environment and flags come before it.\n");
        foreach (Setting setting in All)
        {
            text.Append($"  --{setting.Flag} {setting.Value}".PadRight(33)).Append(' ').Append(setting.Help).Append('\n')
                .Append(' ', 34).Append($"File {setting.Key}, environment {setting.Variable}\n");
        }

        return text.ToString();
    }

    private static ClusterSiloOptions Validate(SettingValues values)
    {
        if (string.IsNullOrWhiteSpace(values.Text(Connection)))
        {
            throw values.Wrong(Connection, "must be a PostgreSQL connection string");
        }

        _ = ClusterDatabase.Parse(values.Text(Connection)!);
        var defaults = new FailureDetection();
        string connection = values.Text(Connection)!;
        var options = new ClusterSiloOptions
        {
            Connection = connection,
            Name = IdOf(values, Name),
            Address = values.Address(Address) ?? IPAddress.Loopback,
            AllowUnauthenticated = values.Bool(Open) ?? false,
            Port = values.Int(Port, 0, 65535) ?? 0,
            GatewayPort = values.Int(GatewayPort, 0, 65535) ?? 0,
            WebUrl = UrlOf(values),
            WebCertificate = PagesOf(values),
            WebConnections = values.Int(WebConnections, 1, 1_000_000) ?? 256,
            ExpectedSilos = values.Int(Expected, 1, 10000) ?? 1,
            Folder = Path.GetFullPath(values.Text(Folder) is { Length: > 0 } folder ? folder : "ddm-cluster"),
            Replicas = values.Int(Replicas, 1, 16) ?? 2,
            WaitForHolder = values.Seconds(Holder, 0, 3600) ?? TimeSpan.FromSeconds(30),
            DataRoots = values.Text(DataRoots)?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [],
            Device = DeviceOf(values),
            Slots = values.Int(Slots, 1, 256),
            ThreadsPerSlot = values.Int(Threads, 1, 256) ?? 1,
            Slice = values.Seconds(Slice, 0.01, 60) ?? TimeSpan.FromSeconds(1),
            StopLimit = values.Seconds(Stop, 0, 3600) ?? TimeSpan.FromSeconds(30),
            FaultsFolder = values.Text(Faults) is { Length: > 0 } faults ? Path.GetFullPath(faults) : null,
            LogLevel = values.Name<LogLevel>(Log) ?? LogLevel.Warning,
            Security = SecurityOf(values),
            LogAsJson = values.Text(LogFormat) switch
            {
                null or "simple" => false,
                "json" => true,
                _ => throw values.Wrong(LogFormat, "must be simple or json"),
            },
            Failures = new FailureDetection
            {
                ProbeTimeout = values.Seconds(Probe, 0.1, 300) ?? defaults.ProbeTimeout,
                MaxProbeTimeout = values.Seconds(MaxProbe, 0.1, 300) ?? defaults.MaxProbeTimeout,
                RefusedIsDead = values.Bool(Refused) ?? defaults.RefusedIsDead,
                TableRefresh = values.Seconds(Refresh, 1, 3600) ?? defaults.TableRefresh,
                Heartbeat = values.Seconds(Heartbeat, 1, 3600) ?? defaults.Heartbeat,
            },
        };
        if (options.Failures.MaxProbeTimeout < options.Failures.ProbeTimeout)
        {
            throw values.Wrong(MaxProbe, $"must not be less than {Probe.Key}");
        }

        // Tokens say who a client is; only certificates say who a silo is, and keep tokens from being read on the way.
        if (!IPAddress.IsLoopback(options.Address) && !options.AllowUnauthenticated && options.Security is not { TokenKeys.Count: > 0, Tls: not null })
        {
            throw values.Wrong(Address, $"must be a loopback address unless callers are authenticated: set {Keys.Key} (ddm token key) and {Authority.Key}, {Certificate.Key} and {CertificateKey.Key} (ddm cert init); or, in a network that you trust, set {Open.Key} to true");
        }

        if (options.WebUrl is { IsEncrypted: true } && options is { WebCertificate: null, Security.Tls: null })
        {
            throw values.Wrong(Web, $"takes a certificate: set {WebCertificateFile.Key} and {WebKey.Key}, or {Certificate.Key} and the two that go with it");
        }

        if (options.WebCertificate is not null && options.WebUrl is not { IsEncrypted: true })
        {
            throw values.Wrong(WebCertificateFile, $"goes with an https address: set {Web.Key}, e.g. to https://10.0.0.1:8443");
        }

        // A token is as good as its bearer, so it must not be read on the way; without tokens everyone who reaches a page rules the cluster.
        if (options.WebUrl is { IsLocal: false } url && !options.AllowUnauthenticated && !(url.IsEncrypted && options.Security.TokenKeys.Count > 0))
        {
            throw values.Wrong(Web, $"must have a loopback address, which others reach through a tunnel (ssh -L), or be https with {Keys.Key}; in a network that you trust, set {Open.Key} to true");
        }

        if (values.Text(Address) is null && !ClusterDatabase.IsLocal(ClusterDatabase.Parse(connection)))
        {
            throw values.Wrong(Address, "must be set where the database is on another machine, as the silo would tell the others 127.0.0.1; if all silos are on this one, set it to 127.0.0.1");
        }

        return options;
    }

    private static SecurityPlan SecurityOf(SettingValues values)
    {
        Setting[] tls = [Authority, Certificate, CertificateKey];
        Setting? missing = tls.FirstOrDefault(s => string.IsNullOrEmpty(values.Text(s)));
        if (missing is not null && tls.Any(s => !string.IsNullOrEmpty(values.Text(s))))
        {
            throw values.Wrong(missing, $"goes with {string.Join(" and ", tls.Where(s => s != missing).Select(s => s.Key))}: a certificate takes all three files");
        }

        var limits = new CallerLimitOptions();
        return new SecurityPlan
        {
            TokenKeys = values.Text(Keys)?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [],
            ClockSkew = values.Seconds(Skew, 0, 300) ?? new SecurityPlan().ClockSkew,
            Tls = missing is null ? new TlsFiles(values.Text(Authority)!, values.Text(Certificate)!, values.Text(CertificateKey)!) : null,
            Limits = new CallerLimitOptions
            {
                CallsPerSecond = values.Int(Calls, 1, 1_000_000) ?? limits.CallsPerSecond,
                CallsInFlight = values.Int(CallsInFlight, 1, 1_000_000) ?? limits.CallsInFlight,
                TransfersInFlight = values.Int(Transfers, 1, 10_000) ?? limits.TransfersInFlight,
            },
            GatewayConnections = values.Int(GatewayConnections, 1, 1_000_000) ?? new SecurityPlan().GatewayConnections,
            QueueLength = values.Int(Queue, 100, 10_000_000) ?? new SecurityPlan().QueueLength,
            Audit = new AuditOptions { MaxBytes = (values.Int(AuditSize, 1, 4096) ?? 16) * (1L << 20) },
        };
    }

    private static WebCertificate? PagesOf(SettingValues values)
    {
        Setting[] files = [WebCertificateFile, WebKey];
        Setting? missing = files.FirstOrDefault(s => string.IsNullOrEmpty(values.Text(s)));
        return missing is null ? new WebCertificate(values.Text(WebCertificateFile)!, values.Text(WebKey)!)
            : files.All(s => string.IsNullOrEmpty(values.Text(s))) ? null
            : throw values.Wrong(missing, $"goes with {files.First(s => s != missing).Key}: a certificate takes both files");
    }

    private static DeviceChoice DeviceOf(SettingValues values)
    {
        string device = values.Text(Device) ?? "auto";
        return new DeviceChoice
        {
            Device = DeviceChoice.Names.Contains(device) ? device : throw values.Wrong(Device, "must be one of " + string.Join(", ", DeviceChoice.Names)),
            Memory = values.Number(Memory, 0.001, 4096) is { } gibibytes ? (long)(gibibytes * (1L << 30)) : null,
            Gflops = values.Number(Speed, 0, 1e9),
        };
    }

    private static WebUrl? UrlOf(SettingValues values) => values.Text(Web) switch
    {
        null => WebUrl.Local,
        "off" => null,
        { } text => WebUrl.Parse(text) ?? throw values.Wrong(Web, WebUrl.Rule),
    };

    private static string? IdOf(SettingValues values, Setting setting) => values.Text(setting) is not { } text ? null
        : text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && text[0] != '.' ? text
        : throw values.Wrong(setting, "must be 1 to 64 letters, digits, '-', '_' and '.', not starting with '.'");

    private static Dictionary<string, string> Flags(IReadOnlyList<string> args)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < args.Count; i++)
        {
            string[] parts = args[i].Split('=', 2);
            string flag = parts[0].StartsWith("--", StringComparison.Ordinal) ? parts[0][2..] : string.Empty;
            if (flag != FileFlag && All.All(s => s.Flag != flag))
            {
                throw new ConfigurationException($"'{parts[0]}' is no flag of a silo. Known are --{FileFlag}, {string.Join(", ", All.Select(s => "--" + s.Flag))}.");
            }

            string value = parts.Length == 2 ? parts[1]
                : ++i < args.Count ? args[i]
                : throw new ConfigurationException($"--{flag} needs a value.");
            if (!flags.TryAdd(flag, value))
            {
                throw new ConfigurationException($"--{flag} is given twice.");
            }
        }

        return flags;
    }

    private static void AddFile(SettingValues values, string file)
    {
        IConfigurationRoot root;
        try
        {
            root = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: false).Build();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or FormatException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The settings file '{file}' cannot be read: {(e.InnerException ?? e).Message}");
        }

        foreach ((string key, string? value) in root.AsEnumerable().Where(e => e.Value is not null))
        {
            Setting setting = All.FirstOrDefault(s => s.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
                ?? throw new ConfigurationException($"'{key}' in '{file}' is no setting of a silo. Known are {string.Join(", ", All.Select(s => s.Key))}.");
            values.Set(setting.Key, value!, $"in '{file}'");
        }
    }
}
