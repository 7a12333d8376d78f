using System.Net;

using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Devices;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Cluster;

/// <summary>Settings of a silo of a cluster. <see cref="SiloSettings"/> reads them from a file, the environment and flags.</summary>
public sealed record ClusterSiloOptions
{
    /// <summary>PostgreSQL connection string; it names the cluster.</summary>
    public required string Connection { get; init; }

    /// <summary>Name of the silo, unique in the cluster; null = the host's name with a number.</summary>
    public string? Name { get; init; }

    /// <summary>Address at which other silos and clients reach it; it listens there only.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Whether it may be reached from other machines although it asks nobody who he is: everyone who reaches it may do everything.</summary>
    public bool AllowUnauthenticated { get; init; }

    /// <summary>Port for other silos, 0 = a free one.</summary>
    public int Port { get; init; }

    /// <summary>Port for clients, 0 = a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>Where pages, metrics and health are served; null = nowhere.</summary>
    public WebUrl? WebUrl { get; init; } = WebUrl.Local;

    /// <summary>Certificate of pages that are served by HTTPS; null = that of <see cref="SecurityPlan.Tls"/>.</summary>
    public WebCertificate? WebCertificate { get; init; }

    /// <summary>Connections to the pages at a time, at least 1; more are closed.</summary>
    public int WebConnections { get; init; } = 256;

    /// <summary>The fewest silos that the cluster should have; with fewer the silo is not ready.</summary>
    public int ExpectedSilos { get; init; } = 1;

    /// <summary>Folder in which the silo has a folder of its name for its artifacts and checkpoints; silos of one machine may share it.</summary>
    public required string Folder { get; init; }

    /// <summary>Silos that shall hold each artifact; 1 to 16.</summary>
    public int Replicas { get; init; } = 2;

    /// <summary>How long a model waits for a silo that has its newest checkpoint, before it goes on from an older one.</summary>
    public TimeSpan WaitForHolder { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Folders in which data sets are looked for first.</summary>
    public IReadOnlyList<string> DataRoots { get; init; } = [];

    /// <summary>What the slots compute on.</summary>
    public DeviceChoice Device { get; init; } = new();

    /// <summary>Number of slots, each with one thread; 1 to 256. Null = one for each core, or one for each card.</summary>
    public int? Slots { get; init; }

    /// <summary>Native threads that work on one slot may use; 1 to 256.</summary>
    public int ThreadsPerSlot { get; init; } = 1;

    /// <summary>Longest training time between two looks at a slot's queue.</summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time for an orderly end: checkpoints of the models in training.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Who may do what, and how connections are guarded.</summary>
    public SecurityPlan Security { get; init; } = new();

    /// <summary>How a silo that fails is noticed.</summary>
    public FailureDetection Failures { get; init; } = new();

    /// <summary>Folder with a <see cref="Local.Faults.FaultPlan"/> for each silo, for <c>ddm chaos</c> and tests; null = nothing is made to fail.</summary>
    public string? FaultsFolder { get; init; }

    /// <summary>Lowest level that is logged, to standard error.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Whether each entry of the log is a line of JSON.</summary>
    public bool LogAsJson { get; init; }
}
