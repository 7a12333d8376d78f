namespace OrleansDDM.Contracts.Models;

/// <summary>Where one model is in its life.</summary>
[GenerateSerializer]
[Alias(Aliases.ModelPhase)]
public enum ModelPhase
{
    /// <summary>Not started.</summary>
    Idle,

    /// <summary>Training, or queued for a slot.</summary>
    Training,

    /// <summary>Stopped before its last step; goes on from its last checkpoint.</summary>
    Stopped,

    /// <summary>Failed; its message says why.</summary>
    Faulted,

    /// <summary>Trained to its last step; its weights are an artifact.</summary>
    Done,

    /// <summary>Waiting to be placed on a silo that has what it needs, e.g. the run's data.</summary>
    Waiting,
}
