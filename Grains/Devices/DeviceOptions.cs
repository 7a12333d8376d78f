using System.Globalization;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>Settings of a silo's slots.</summary>
public sealed class DeviceOptions
{
    /// <summary>Number of slots, each with one thread; 1 to 256.</summary>
    public int Slots { get; set; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Native threads that work on one slot may use; at least 1.</summary>
    public int ThreadsPerSlot { get; set; } = 1;

    /// <summary>What the slots compute on, as other silos are told.</summary>
    public DeviceFacts Facts { get; set; } = new(ComputeDevice.Cpu, "CPU", 0, Environment.ProcessorCount, 0);

    /// <summary>Longest training time between two looks at the queue.</summary>
    public TimeSpan Slice { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Trained models that a slot keeps open for sampling; at least 1. By default the largest ensemble and its router fit.</summary>
    public int PredictorsPerSlot { get; set; } = 72;

    /// <summary>Name of a slot's device; cards take turns.</summary>
    public string DeviceOf(int slot) => Facts.Kind == ComputeDevice.Cuda
        ? string.Create(CultureInfo.InvariantCulture, $"{ComputeDevice.Cuda}:{slot % Facts.Count}")
        : ComputeDevice.Cpu;

    /// <summary>Throws if a setting is out of range.</summary>
    /// <exception cref="ArgumentException">Names the setting and its range.</exception>
    public void Validate()
    {
        if (Slots is < 1 or > 256)
        {
            throw new ArgumentException($"Slots is {Slots}; it must be 1 to 256.");
        }

        if (Facts is not { Kind: ComputeDevice.Cpu or ComputeDevice.Cuda, Memory: >= 0, Cores: >= 1, Count: >= 1, Gflops: >= 0 and < double.PositiveInfinity })
        {
            throw new ArgumentException($"Facts are {Facts}; the kind is cpu or cuda, and no number is negative.");
        }

        if (ThreadsPerSlot < 1 || PredictorsPerSlot < 1 || Slice <= TimeSpan.Zero)
        {
            throw new ArgumentException("ThreadsPerSlot and PredictorsPerSlot must be at least 1, and Slice longer than 0.");
        }
    }
}
