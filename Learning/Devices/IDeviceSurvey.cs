namespace OrleansDDM.Learning.Devices;

/// <summary>What is known of the devices of this process. Thread-safe.</summary>
public interface IDeviceSurvey
{
    /// <summary>The CPU, then the CUDA cards that this process sees, by number.</summary>
    IReadOnlyList<ComputeDevice> Find();

    /// <summary>Bytes of a device that are free now, whoever uses the rest; null = not known.</summary>
    /// <param name="device">Its name.</param>
    long? FreeMemory(string device);

    /// <summary>
    /// Trains a small network for a moment: 10^9 floating-point operations a second of one slot, as of the fastest step, which others on the machine have
    /// disturbed least. Blocks for about half a second.
    /// </summary>
    /// <param name="device">Name of the slot's device.</param>
    /// <param name="threads">Native threads of the slot.</param>
    double MeasureGflops(string device, int threads);
}
