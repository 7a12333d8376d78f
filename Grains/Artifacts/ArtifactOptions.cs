namespace OrleansDDM.Grains.Artifacts;

/// <summary>Settings of a silo's artifacts.</summary>
public sealed class ArtifactOptions
{
    /// <summary>Silos that shall hold each artifact, or all live ones where there are fewer; 1 to 16.</summary>
    public int Replicas { get; set; } = 2;

    /// <summary>Largest artifact that is taken from another silo, in bytes; what is known of a model bounds its artifacts further.</summary>
    public long MaxBytes { get; set; } = 8L << 30;

    /// <summary>Pieces of one artifact on the way at a time; 1 to 64.</summary>
    public int Window { get; set; } = 4;

    /// <summary>Artifacts that are taken from other silos at a time; 1 to 64.</summary>
    public int Pulls { get; set; } = 4;

    /// <summary>Requests of other silos and clients that wait for the disk; more are refused. 1 to 200.</summary>
    public int Waiting { get; set; } = 64;

    /// <summary>
    /// How long a model that remembers a checkpoint which no live silo holds waits for one that does, before it goes on from an older
    /// one: silos that were killed together come back one by one.
    /// </summary>
    public TimeSpan WaitForHolder { get; set; }

    /// <summary>Time between two collections of artifacts that nothing refers to.</summary>
    public TimeSpan CollectPeriod { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an artifact must have been without use and without reference before it is deleted.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Throws if a setting is out of range.</summary>
    /// <exception cref="ArgumentException">Names the setting and its range.</exception>
    public void Validate()
    {
        Require(Replicas is >= 1 and <= 16, nameof(Replicas), "1 to 16");
        Require(MaxBytes >= 1, nameof(MaxBytes), "at least 1");
        Require(Window is >= 1 and <= 64, nameof(Window), "1 to 64");
        Require(Pulls is >= 1 and <= 64, nameof(Pulls), "1 to 64");
        Require(Waiting is >= 1 and <= 200, nameof(Waiting), "1 to 200");
        Require(WaitForHolder >= TimeSpan.Zero, nameof(WaitForHolder), "0 or longer");
        Require(CollectPeriod > TimeSpan.Zero, nameof(CollectPeriod), "longer than 0");
        Require(Grace >= TimeSpan.Zero, nameof(Grace), "0 or longer");
    }

    private static void Require(bool holds, string name, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} of the artifacts is out of range; it must be {range}.");
        }
    }
}
