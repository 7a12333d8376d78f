namespace OrleansDDM.Grains.Devices;

/// <summary>Settings of a silo's slots.</summary>
public sealed class DeviceOptions
{
    /// <summary>Number of slots, each with one thread; 1 to 256.</summary>
    public int Slots { get; set; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Native threads that work on one slot may use; at least 1.</summary>
    public int ThreadsPerSlot { get; set; } = 1;

    /// <summary>Longest training time between two looks at the queue.</summary>
    public TimeSpan Slice { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Trained models that a slot keeps open for sampling; at least 1. By default the largest ensemble and its router fit.</summary>
    public int PredictorsPerSlot { get; set; } = 72;

    /// <summary>Throws if a setting is out of range.</summary>
    /// <exception cref="ArgumentException">Names the setting and its range.</exception>
    public void Validate()
    {
        if (Slots is < 1 or > 256)
        {
            throw new ArgumentException($"Slots is {Slots}; it must be 1 to 256.");
        }

        if (ThreadsPerSlot < 1 || PredictorsPerSlot < 1 || Slice <= TimeSpan.Zero)
        {
            throw new ArgumentException("ThreadsPerSlot and PredictorsPerSlot must be at least 1, and Slice longer than 0.");
        }
    }
}
