using Orleans.Services;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Devices;

/// <summary>The devices of one silo, one service per silo. It lives as long as the silo and is neither collected nor moved.</summary>
[SilosOnly]
[Alias(Aliases.DeviceHost)]
public interface IDeviceHost : IGrainService
{
    /// <summary>Evaluates a trained model on a slot of this silo.</summary>
    /// <returns>An expert: (B, C, H, W); the router: probabilities, (B, K). Shared, not to be changed.</returns>
    [ResponseTimeout("00:02:00")]
    [Alias(Aliases.Evaluate)]
    [return: Immutable]
    Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default);

    /// <summary>Loads and clusters the data of a run on this silo.</summary>
    /// <param name="spec">The run's spec as canonical JSON.</param>
    /// <param name="fingerprint">Hash of the data that the run began with; empty = it begins now.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DataUnavailableException">This silo has not the data, or other data.</exception>
    /// <exception cref="BadRequestException">The data contradicts the spec.</exception>
    [ResponseTimeout("00:10:00")]
    [Alias(Aliases.PrepareData)]
    Task<DataSummary> PrepareAsync(string spec, string fingerprint, CancellationToken cancellation = default);

    /// <summary>
    /// Has the silo leave as if its process were told to end: no new work, models in training write a checkpoint and go on elsewhere. Returns
    /// at once.
    /// </summary>
    [Alias(Aliases.DrainDevices)]
    Task DrainAsync(CancellationToken cancellation = default);

    /// <summary>What its slots are doing.</summary>
    [Alias(Aliases.DeviceStatusOf)]
    Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default);
}
