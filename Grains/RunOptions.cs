namespace OrleansDDM.Grains;

/// <summary>Settings of the runs that a silo drives.</summary>
public sealed class RunOptions
{
    /// <summary>Time between two looks of a run at its models, which wakes those that a dead silo took along.</summary>
    public TimeSpan PollPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Durable events that a run keeps for replay; above it the oldest checkpoint events go.</summary>
    public int KeepEvents { get; set; } = 2000;

    /// <summary>How long a run or a model waits for a database that is away before it faults.</summary>
    public TimeSpan StorePatience { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a call between grains is repeated whose silo is gone.</summary>
    public TimeSpan CallPatience { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long stopping waits for models and for the database before it says that the end is not stored.</summary>
    public TimeSpan StopPatience { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long training waits for a checkpoint to be published before it goes on meanwhile.</summary>
    public TimeSpan PublishPatience { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>First pause before something is tried again; it grows to 25 times that.</summary>
    public TimeSpan RetryPause { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Whether a run waits, and looks on other silos, where the data is missing or is not what it began with, or where no device is fit,
    /// instead of faulting. For clusters, where a silo that has it may come.
    /// </summary>
    public bool WaitForData { get; set; }

    /// <summary>Whether a run at work leaves a reminder, which wakes it where nobody else does. Needs a reminder service.</summary>
    public bool Remind { get; set; }

    /// <summary>Time after which silos that lack what a run or model needs are asked again.</summary>
    public TimeSpan SearchPeriod { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Told of each call or write that is tried again.</summary>
    internal Action? Retried { get; set; }

    /// <summary>How repeated calls or writes pause.</summary>
    internal Retry Retry(TimeSpan patience, TimeProvider clock, int seed) => new(RetryPause, 25 * RetryPause, patience, clock, seed, Retried);
}
