using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains;

/// <summary>What the grains of models need from their silo.</summary>
internal sealed record ModelServices(
    SlotPool Slots,
    Checkpoints Checkpoints,
    ILearningRuntime Runtime,
    TimeProvider Clock,
    IOptions<DeviceOptions> Devices,
    IOptions<RunOptions> Options,
    SiloDirectory Silos,
    DeviceFleet Fleet,
    HostImagery Imagery,
    ILoggerFactory Loggers);
