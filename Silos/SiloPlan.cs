using Microsoft.Extensions.Logging;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos;

/// <summary>What <see cref="SiloHost"/> puts together.</summary>
internal sealed record SiloPlan
{
    /// <summary>Folder of artifacts and checkpoints, this silo's own.</summary>
    public required string Folder { get; init; }

    /// <summary>Settings of the artifacts.</summary>
    public Action<ArtifactOptions>? Artifacts { get; init; }

    /// <summary>What trains and predicts.</summary>
    public required ILearningRuntime Learning { get; init; }

    /// <summary>Clustering, ports and grain storage.</summary>
    public required Action<ISiloBuilder> Hosting { get; init; }

    /// <summary>Settings of the slots.</summary>
    public required Action<DeviceOptions> Devices { get; init; }

    /// <summary>The database with the grains' state.</summary>
    public required IStateDatabase Database { get; init; }

    /// <summary>Where pages are served; null = nowhere.</summary>
    public WebUrl? WebUrl { get; init; }

    /// <summary>Certificate of pages that are served by HTTPS; null = that of <see cref="SecurityPlan.Tls"/>.</summary>
    public WebCertificate? WebCertificate { get; init; }

    /// <summary>Connections to the pages at a time.</summary>
    public int WebConnections { get; init; } = 256;

    /// <summary>The folder of the one run that the silo drives, with pictures of an evaluation; null = it drives others.</summary>
    public string? PictureFolder { get; init; }

    /// <summary>The fewest silos that the cluster should have.</summary>
    public int ExpectedSilos { get; init; } = 1;

    /// <summary>Longest time for an orderly end.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Lowest level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Who may do what, and how connections are guarded.</summary>
    public SecurityPlan Security { get; init; } = new();

    /// <summary>Cancelled when the start is given up: what the runtime has to say of that is of no use to a user.</summary>
    public CancellationToken GivenUp { get; init; }

    /// <summary>Whether each entry of the log is a line of JSON.</summary>
    public bool LogAsJson { get; init; }

    /// <summary>Whether each entry of the log says when it was written, in UTC.</summary>
    public bool LogTimes { get; init; }

    /// <summary>Clock of everything that looks at the time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
