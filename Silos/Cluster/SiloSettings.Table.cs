namespace OrleansDDM.Silos.Cluster;

/// <summary>The part of <see cref="SiloSettings"/> that names them.</summary>
public static partial class SiloSettings
{
    private static readonly Setting Connection = new("Cluster:Connection", "cluster", "CONNECTION", "PostgreSQL connection string that names the cluster; required.");
    private static readonly Setting Name = new("Silo:Name", "name", "NAME", "Name of the silo, unique in the cluster; the host's name and a number by default.");
    private static readonly Setting Address = new("Silo:Address", "address", "IP", "Address at which others reach it; 127.0.0.1 by default, and to be given where the database is on another machine.");
    private static readonly Setting Open = new("Silo:AllowUnauthenticated", "allow-unauthenticated", "true|false", "Allow an address that other machines reach, though nobody is asked who he is.");
    private static readonly Setting Port = new("Silo:Port", "port", "N", "Port for other silos; a free one by default.");
    private static readonly Setting GatewayPort = new("Silo:GatewayPort", "gateway-port", "N", "Port for clients; a free one by default.");
    private static readonly Setting Web = new("Web:Url", "web-url", "off|URL", "Where pages, metrics and health are served, e.g. http://127.0.0.1:8080 or https://10.0.0.1:8443; http://127.0.0.1:0, a free port, by default.");
    private static readonly Setting WebCertificateFile = new("Web:Certificate", "web-certificate", "FILE", "Certificate of pages that are served by https; that of Tls:Certificate by default.");
    private static readonly Setting WebKey = new("Web:Key", "web-key", "FILE", "Private key of that certificate, readable by its owner only.");
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
    private static readonly Setting GatewayConnections = new("Limits:GatewayConnections", "gateway-connections", "N", "Clients connected at a time; more are turned away. 1000 by default.");
    private static readonly Setting WebConnections = new("Limits:WebConnections", "web-connections", "N", "Connections to the pages at a time; more are closed. 256 by default.");
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
        Connection, Name, Address, Open, Port, GatewayPort, Web, WebCertificateFile, WebKey, Expected, Folder, Replicas, Holder, DataRoots, Device, Memory, Speed, Slots, Threads, Slice, Stop, Log, LogFormat,
        Keys, Skew, Authority, Certificate, CertificateKey, Calls, CallsInFlight, Transfers, GatewayConnections, WebConnections, Queue, AuditSize, Probe, MaxProbe, Refused, Refresh, Heartbeat, Faults,
    ];
}
