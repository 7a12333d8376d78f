namespace OrleansDDM.Grains.Telemetry;

/// <summary>What failed.</summary>
public enum FaultKind
{
    /// <summary>Loading or clustering the data of a run.</summary>
    Data,

    /// <summary>Opening a model for training: its checkpoint or its data is unfit.</summary>
    Open,

    /// <summary>A slice of training.</summary>
    Training,

    /// <summary>Writing down a checkpoint.</summary>
    Checkpoint,

    /// <summary>Evaluating a trained model.</summary>
    Evaluation,
}
