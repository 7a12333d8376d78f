using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

namespace OrleansDDM.Learning.Devices;

/// <summary>The devices that libtorch can use here.</summary>
public sealed class DeviceSurvey : IDeviceSurvey
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(0.5);
    private static readonly ModelShape Shape = new(1, 28, 28, 0);
    private static readonly ModelSpec Model = new() { Kind = "dit", Patch = 4, Width = 64, Depth = 4, Heads = 4 };

    /// <inheritdoc/>
    public IReadOnlyList<ComputeDevice> Find()
    {
        var devices = new List<ComputeDevice> { new(ComputeDevice.Cpu, CpuModel(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) };
        int cards = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        for (int card = 0; card < cards; card++)
        {
            (string model, long memory) = CudaDriver.Describe(card) ?? ("CUDA card", 0);
            devices.Add(new ComputeDevice(string.Create(CultureInfo.InvariantCulture, $"{ComputeDevice.Cuda}:{card}"), model, memory));
        }

        return devices;
    }

    /// <inheritdoc/>
    public long? FreeMemory(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return ComputeDevice.KindOf(device) == ComputeDevice.Cuda
            ? CudaDriver.FreeMemory(int.Parse(device.Split(':')[1], CultureInfo.InvariantCulture))
            : Line("/proc/meminfo", "MemAvailable") is { } text && long.TryParse(text.Split(' ')[0], CultureInfo.InvariantCulture, out long kibibytes)
                ? kibibytes * 1024
                : null;
    }

    /// <inheritdoc/>
    public double MeasureGflops(string device, int threads)
    {
        // On a thread of its own: the number of native threads is a thread's own.
        return Task.Factory.StartNew(Measure, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).GetAwaiter().GetResult();

        double Measure()
        {
            torch.set_num_threads(threads);

            // Enough for a card to be busy; few enough for steps of milliseconds elsewhere.
            int batch = ComputeDevice.KindOf(device) == ComputeDevice.Cuda ? 256 : 8;
            var task = new SpeedTask(batch, Shape);
            using var trainer = new Trainer(
                new TrainingSpec(), task, Networks.Denoiser(Model, Shape).to(torch.device(device)), Shape, "speed", v => Initializer.Fill(v, 1, "speed"), checkpoint: null);
            TimeSpan fastest = TimeSpan.MaxValue;
            long start = Stopwatch.GetTimestamp();
            while (trainer.Step < 3 || Stopwatch.GetElapsedTime(start) < Budget)
            {
                long from = Stopwatch.GetTimestamp();
                trainer.Train(TimeSpan.Zero, CancellationToken.None); // one step
                TimeSpan step = Stopwatch.GetElapsedTime(from);
                fastest = step < fastest ? step : fastest;
            }

            // A step's backward pass costs about two forward ones.
            return 3.0 * batch * ModelFlops.Denoiser(Model, Shape) / fastest.TotalSeconds / 1e9;
        }
    }

    private static string CpuModel() => Line("/proc/cpuinfo", "model name") ?? "CPU";

    // The first line NAME : VALUE.
    private static string? Line(string file, string name)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        }
        catch (IOException)
        {
            return null; // not Linux
        }
    }
}
