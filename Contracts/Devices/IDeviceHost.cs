using Orleans.Services;

namespace OrleansDDM.Contracts.Devices;

/// <summary>The devices of one silo, one service per silo. It lives as long as the silo and is neither collected nor moved.</summary>
[Alias(Aliases.DeviceHost)]
public interface IDeviceHost : IGrainService
{
    /// <summary>Evaluates a trained model on a slot of this silo.</summary>
    /// <returns>An expert: (B, C, H, W); the router: probabilities, (B, K). Shared, not to be changed.</returns>
    [ResponseTimeout("00:02:00")]
    [Alias(Aliases.Evaluate)]
    [return: Immutable]
    Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default);

    /// <summary>What its slots are doing.</summary>
    [Alias(Aliases.DeviceStatusOf)]
    Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default);
}
