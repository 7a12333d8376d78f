using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Placement;

/// <summary>
/// How fast the devices of a cluster are. Those of one model with as many cores count as equally fast: as the fastest of them was measured to be.
/// Whatever else ran while one was measured, e.g. other silos that started beside it, made it look slower and never faster.
/// </summary>
internal sealed class DeviceSpeeds
{
    private readonly Dictionary<(string Kind, string Model, int Cores), double> _measured;
    private readonly double _unknown;

    /// <summary>Compares devices.</summary>
    /// <param name="facts">The devices of each silo; null = not known.</param>
    public DeviceSpeeds(IEnumerable<DeviceFacts?> facts)
    {
        _measured = facts.OfType<DeviceFacts>().Where(f => f.Gflops > 0).GroupBy(Kin).ToDictionary(g => g.Key, g => g.Max(f => f.Gflops));
        _unknown = _measured.Values.DefaultIfEmpty(1).Average();
    }

    /// <summary>Speed of a slot in 10^9 floating-point operations a second; the mean of the others for one that was not measured, nor any like it.</summary>
    public double Of(DeviceFacts? facts) => facts is null ? _unknown : _measured.GetValueOrDefault(Kin(facts), _unknown);

    private static (string Kind, string Model, int Cores) Kin(DeviceFacts facts) => (facts.Kind, facts.Model, facts.Cores);
}
