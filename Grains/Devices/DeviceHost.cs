using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Devices;

/// <summary>The silo's devices as a service that other silos can call. Stateless but for the slots; a new silo starts with empty ones.</summary>
internal sealed class DeviceHost(
    GrainId id, Silo silo, ILoggerFactory loggers, SlotPool slots, DeviceMemory memory, ILearningRuntime runtime, ILocalSiloDetails details, IHostApplicationLifetime host)
    : GrainService(id, silo, loggers), IDeviceHost
{
    public Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default) =>
        slots.EvaluateAsync(request, cancellation);

    public async Task<DataSummary> PrepareAsync(string spec, string fingerprint, CancellationToken cancellation = default)
    {
        try
        {
            RunSpec run = SpecJson.Read(spec);
            return await slots.RunAsync(Lane.Training, () => RunData.Prepare(runtime, run, fingerprint, cancellation), cancellation);
        }
        catch (DatasetException e)
        {
            throw new DataUnavailableException($"{details.Name}: {e.Message}");
        }
        catch (SpecException e)
        {
            throw new BadRequestException(e.Message);
        }
    }

    public Task DrainAsync(CancellationToken cancellation = default)
    {
        host.StopApplication();
        return Task.CompletedTask;
    }

    public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default) =>
        Task.FromResult(memory.Status(details.Name, slots.Status()));
}
