namespace OrleansDDM.Grains;

/// <summary>Settings of the runs that a silo drives.</summary>
public sealed class RunOptions
{
    /// <summary>Time between two looks of a run at its models, which wakes those that a dead silo took along.</summary>
    public TimeSpan PollPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Durable events that a run keeps for replay; above it the oldest checkpoint events go.</summary>
    public int KeepEvents { get; set; } = 2000;
}
