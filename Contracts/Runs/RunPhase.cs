namespace OrleansDDM.Contracts.Runs;

/// <summary>Where a run is in its life.</summary>
[GenerateSerializer]
[Alias(Aliases.RunPhase)]
public enum RunPhase
{
    /// <summary>Nothing was submitted under this name.</summary>
    None,

    /// <summary>Loading and clustering the data.</summary>
    Preparing,

    /// <summary>The experts and the router are training.</summary>
    Training,

    /// <summary>Stopping: every model writes a checkpoint.</summary>
    Stopping,

    /// <summary>Stopped before its end; resume goes on from the checkpoints.</summary>
    Stopped,

    /// <summary>A model or the data failed; the message says why.</summary>
    Faulted,

    /// <summary>All models are trained; the ensemble can be sampled.</summary>
    Ready,
}
