using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.State;

/// <summary>What a run remembers.</summary>
[GenerateSerializer]
[Alias(Aliases.RunState)]
internal sealed class RunState : IStoredState<RunState>
{
    /// <summary>The spec as canonical JSON; empty = nothing submitted.</summary>
    [Id(0)]
    public string Spec { get; set; } = string.Empty;

    /// <summary>SHA-256 of the spec.</summary>
    [Id(1)]
    public string SpecHash { get; set; } = string.Empty;

    /// <summary>Where the run is in its life.</summary>
    [Id(2)]
    public RunPhase Phase { get; set; }

    /// <summary>Why it faulted.</summary>
    [Id(3)]
    public string? Message { get; set; }

    /// <summary>Term of the newest activation that drove the run.</summary>
    [Id(4)]
    public long Term { get; set; }

    /// <summary>Number of the newest durable event.</summary>
    [Id(5)]
    public long LastEvent { get; set; }

    /// <summary>The durable events, oldest first; the oldest checkpoint events of a long run are dropped.</summary>
    [Id(6)]
    public List<RunEvent> Events { get; set; } = [];

    /// <summary>The data, once prepared.</summary>
    [Id(7)]
    public DataSummary? Data { get; set; }

    /// <summary>The newest durable status of each model, by role.</summary>
    [Id(8)]
    public Dictionary<string, ModelStatus> Models { get; set; } = [];

    /// <inheritdoc/>
    [Id(9)]
    public int Version { get; set; }

    /// <inheritdoc/>
    [Id(10)]
    public string Writer { get; set; } = string.Empty;

    /// <inheritdoc/>
    public RunState Copy()
    {
        var copy = (RunState)MemberwiseClone();
        copy.Events = [.. Events];
        copy.Models = new Dictionary<string, ModelStatus>(Models);
        return copy;
    }
}
