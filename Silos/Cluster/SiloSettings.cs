using System.Net;
using System.Text;

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Devices;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// Reads the settings of a silo: a JSON file (<c>--settings FILE</c>), then environment variables <c>DDM__Section__Key</c>, then flags; the
/// later ones win. An unknown name is an error, wherever it stands.
/// </summary>
public static class SiloSettings
{
    private const string FileFlag = "settings";
    private const string Prefix = "DDM__";

    private static readonly Setting Connection = new("Cluster:Connection", "cluster", "CONNECTION", "PostgreSQL connection string that names the cluster; required.");
    private static readonly Setting Name = new("Silo:Name", "name", "NAME", "Name of the silo, unique in its folder; the host's name and a number by default.");
    private static readonly Setting Address = new("Silo:Address", "address", "IP", "Address at which others reach it; 127.0.0.1 by default.");
    private static readonly Setting Open = new("Silo:AllowUnauthenticated", "allow-unauthenticated", "true|false", "Allow an address that other machines reach, though nobody is asked who he is.");
    private static readonly Setting Port = new("Silo:Port", "port", "N", "Port for other silos; a free one by default.");
    private static readonly Setting GatewayPort = new("Silo:GatewayPort", "gateway-port", "N", "Port for clients; a free one by default.");
    private static readonly Setting Web = new("Web:Url", "web-url", "off|URL", "Where pages, metrics and health are served, e.g. http://127.0.0.1:8080; http://127.0.0.1:0, a free port, by default.");
    private static readonly Setting Expected = new("Silo:ExpectedSilos", "expected-silos", "N", "Fewest silos that the cluster should have; with fewer this one is not ready. 1 by default.");
    private static readonly Setting Folder = new("Silo:Folder", "folder", "DIR", "Folder in which the silo keeps its artifacts, under its name; ddm-cluster by default.");
    private static readonly Setting Replicas = new("Artifacts:Replicas", "replicas", "N", "Silos that shall hold each artifact; 2 by default.");
    private static readonly Setting Holder = new("Artifacts:WaitSeconds", "wait-seconds", "S", "How long a model waits for a silo that has its newest checkpoint, before it goes on from an older one; 30 by default.");
    private static readonly Setting DataRoots = new("Silo:DataRoots", "data-roots", "DIRS", $"Folders with data sets, separated by '{Path.PathSeparator}', before those of DDM_DATA.");
    private static readonly Setting Device = new("Silo:Device", "device", "auto|cpu|cuda", "What it computes on; auto, the cards that it sees (CUDA_VISIBLE_DEVICES) or else the CPU, by default.");
    private static readonly Setting Memory = new("Silo:DeviceMemory", "device-memory", "GIB", "Memory of a device, as models are placed by it; what there is by default.");
    private static readonly Setting Speed = new("Silo:DeviceGflops", "device-gflops", "N", "Training speed of one slot in GFLOP/s, as models are placed by it, 0 = unknown; measured at the first start by default.");
    private static readonly Setting Slots = new("Silo:Slots", "slots", "N", "Models in training at the same time, one thread each; the number of cores, or of cards, by default.");
    private static readonly Setting Threads = new("Silo:ThreadsPerSlot", "threads-per-slot", "N", "Native threads of one slot; 1 by default.");
    private static readonly Setting Slice = new("Silo:SliceSeconds", "slice-seconds", "S", "Longest training time between two looks at a slot's queue; 1 by default.");
    private static readonly Setting Stop = new("Silo:StopSeconds", "stop-seconds", "S", "Longest time for an orderly end; 30 by default.");
    private static readonly Setting Log = new("Silo:LogLevel", "log-level", "LEVEL", "Lowest level that is logged to stderr; Warning by default.");
    private static readonly Setting Keys = new("Auth:Keys", "auth-keys", "FILES", $"Public keys of tokens (ddm token key), separated by '{Path.PathSeparator}'; without one, nobody is asked who he is.");
    private static readonly Setting Skew = new("Auth:SkewSeconds", "auth-skew-seconds", "S", "How far clocks may differ when tokens are checked; 30 by default.");
    private static readonly Setting Authority = new("Tls:Authority", "tls-authority", "FILE", "Certificate of the authority whose members are let in (ddm cert init); with the next two, all connections are TLS.");
    private static readonly Setting Certificate = new("Tls:Certificate", "tls-certificate", "FILE", "Certificate of this silo.");
    private static readonly Setting CertificateKey = new("Tls:Key", "tls-key", "FILE", "Private key of that certificate, readable by its owner only.");
    private static readonly Setting Calls = new("Limits:CallsPerSecond", "calls-per-second", "N", "Calls a second of one caller, twice as many in a burst; 500 by default.");
    private static readonly Setting CallsInFlight = new("Limits:CallsInFlight", "calls-in-flight", "N", "Calls of one caller under way at a time; 256 by default.");
    private static readonly Setting Transfers = new("Limits:TransfersInFlight", "transfers-in-flight", "N", "Transfers of artifacts of one caller under way at a time; 8 by default.");
    private static readonly Setting Queue = new("Limits:QueueLength", "queue-length", "N", "Calls that wait before one grain; more are refused. 10000 by default.");
    private static readonly Setting AuditSize = new("Audit:MegaBytes", "audit-megabytes", "N", "Size of one file of the audit log, of which four are kept; 16 by default.");
    private static readonly Setting LogFormat = new("Silo:LogFormat", "log-format", "simple|json", "How the log is written; json is one object a line. simple by default.");
    private static readonly Setting Probe = new("Failures:ProbeSeconds", "probe-seconds", "S", "Time for the answer to a probe; 2 by default. A crash is noticed after about twice that.");
    private static readonly Setting MaxProbe = new("Failures:MaxProbeSeconds", "max-probe-seconds", "S", "Longest time to which it adapts; 4 by default. A hang is noticed after about three times that.");
    private static readonly Setting Refused = new("Failures:RefusedIsDead", "refused-is-dead", "true|false", "Whether a silo at whose port nobody listens is declared dead at once; true by default.");
    private static readonly Setting Refresh = new("Failures:TableRefreshSeconds", "table-refresh-seconds", "S", "Time between two looks at the membership table; 10 by default.");
    private static readonly Setting Heartbeat = new("Failures:HeartbeatSeconds", "heartbeat-seconds", "S", "Time between two signs of life in that table; 5 by default.");
    private static readonly Setting Faults = new("Faults:Folder", "faults-folder", "DIR", "Folder in which ddm chaos says what this silo makes fail; for tests only, none by default.");

    private static readonly Setting[] All =
    [
        Connection, Name, Address, Open, Port, GatewayPort, Web, Expected, Folder, Replicas, Holder, DataRoots, Device, Memory, Speed, Slots, Threads, Slice, Stop, Log, LogFormat,
        Keys, Skew, Authority, Certificate, CertificateKey, Calls, CallsInFlight, Transfers, Queue, AuditSize, Probe, MaxProbe, Refused, Refresh, Heartbeat, Faults,
    ];

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

        if (options.WebUrl is { IsLocal: false } && !options.AllowUnauthenticated)
        {
            throw values.Wrong(Web, $"must have a loopback address, as pages are not encrypted: reach them through a tunnel (ssh -L); in a network that you trust, set {Open.Key} to true");
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
            QueueLength = values.Int(Queue, 100, 10_000_000) ?? new SecurityPlan().QueueLength,
            Audit = new AuditOptions { MaxBytes = (values.Int(AuditSize, 1, 4096) ?? 16) * (1L << 20) },
        };
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
