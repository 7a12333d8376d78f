using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Silos.Devices;

/// <summary>Which device a silo computes on, and what is known of it. What is not given is looked up.</summary>
public sealed record DeviceChoice
{
    /// <summary>Names that <see cref="Device"/> may have.</summary>
    public static IReadOnlyList<string> Names { get; } = ["auto", ComputeDevice.Cpu, ComputeDevice.Cuda];

    /// <summary><c>cpu</c>, <c>cuda</c>, or <c>auto</c>: the cards that the process sees, if any, else the CPU.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Bytes of memory that the silo tells of a device instead of what there is; null = what there is.</summary>
    public long? Memory { get; init; }

    /// <summary>Training speed of one slot that the silo tells, in 10^9 floating-point operations a second, 0 = unknown; null = it is measured.</summary>
    public double? Gflops { get; init; }

    /// <summary>The default number of slots: one for each core, or one for each card.</summary>
    /// <param name="facts">The chosen devices.</param>
    public static int SlotsOf(DeviceFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return Math.Clamp(facts.Kind == ComputeDevice.Cuda ? facts.Count : Environment.ProcessorCount, 1, 256);
    }

    /// <summary>Looks at the devices, which loads libtorch: it takes a second or two.</summary>
    /// <param name="learning">What knows the devices; one that knows none has what is chosen.</param>
    /// <param name="threads">Native threads of a slot.</param>
    /// <param name="folder">Where a measured speed is kept for the next start; null = nowhere.</param>
    /// <exception cref="ConfigurationException">There is no card, but one is asked for.</exception>
    public Task<DeviceFacts> ReadAsync(ILearningRuntime learning, int threads, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(learning);
        return Task.Factory.StartNew(() => Read(learning, threads, folder), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private DeviceFacts Read(ILearningRuntime learning, int threads, string? folder)
    {
        if (learning.Devices is not { } survey)
        {
            return new DeviceFacts(Device == ComputeDevice.Cuda ? ComputeDevice.Cuda : ComputeDevice.Cpu, "unknown", Memory ?? 0, Environment.ProcessorCount, Gflops ?? 0);
        }

        IReadOnlyList<ComputeDevice> all = survey.Find();
        ComputeDevice[] cards = [.. all.Where(d => d.Kind == ComputeDevice.Cuda)];
        if (Device == ComputeDevice.Cuda && cards.Length == 0)
        {
            throw new ConfigurationException(
                "Silo:Device is 'cuda', but this program sees no card. It must be published with -p:TorchBackend=cuda; then look at CUDA_VISIBLE_DEVICES and nvidia-smi, or choose cpu.");
        }

        ComputeDevice[] chosen = cards.Length > 0 && Device != ComputeDevice.Cpu ? cards : [all.First(d => d.Kind == ComputeDevice.Cpu)];
        double gflops = Gflops ?? (folder is null ? 0 : new SpeedRecord(folder).Of(chosen[0], threads, () => survey.MeasureGflops(chosen[0].Name, threads)));

        // Slots share the cards in turn, so the smallest counts.
        return new DeviceFacts(chosen[0].Kind, chosen[0].Model, Memory ?? chosen.Min(d => d.Memory), Environment.ProcessorCount, gflops, chosen.Length);
    }
}
