using Microsoft.Extensions.Logging;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;

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

    /// <summary>Where the dashboard is served; null = nowhere.</summary>
    public string? HttpUrl { get; init; }

    /// <summary>Longest time for an orderly end.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Lowest level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Clock of everything that looks at the time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
