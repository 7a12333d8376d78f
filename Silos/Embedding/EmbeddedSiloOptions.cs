using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Embedding;

/// <summary>Settings of a silo in this process.</summary>
public sealed record EmbeddedSiloOptions
{
    /// <summary>Folder of the run: state, checkpoints, artifacts and endpoint file. Created if missing.</summary>
    public required string RunFolder { get; init; }

    /// <summary>What trains and predicts. The caller owns it and disposes it after the silo.</summary>
    public required ILearningRuntime Learning { get; init; }

    /// <summary>What the slots compute on; null = the CPU.</summary>
    public DeviceFacts? Facts { get; init; }

    /// <summary>Number of slots, each with one thread.</summary>
    public int Slots { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Native threads that work on one slot may use.</summary>
    public int ThreadsPerSlot { get; init; } = 1;

    /// <summary>Longest training time between two looks at a slot's queue.</summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where pages are served, e.g. <see cref="WebUrl.Local"/>; null = nowhere.</summary>
    public WebUrl? WebUrl { get; init; }

    /// <summary>Lowest level that is logged, to standard error.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Clock of everything that looks at the time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Chooses two ports; called again when another process was faster. Null = free ones.</summary>
    internal Func<(int Silo, int Gateway)>? Ports { get; init; }
}
