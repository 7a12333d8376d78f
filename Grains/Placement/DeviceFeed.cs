using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Devices;

namespace OrleansDDM.Grains.Placement;

/// <summary>
/// What the device hosts of the cluster have free, asked when somebody places a model, and what this silo has just placed itself: models that start
/// together must not all go where there is room for one.
/// </summary>
internal sealed class DeviceFeed(SiloDirectory silos, TimeProvider clock)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // By then a placed model has opened its session, or never will.
    private static readonly TimeSpan Placing = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (SiloAddress Silo, long At)> _placed = [];
    private Task<Dictionary<SiloAddress, DeviceStatus>>? _reading;
    private long _readAt;

    /// <summary>The newest status of each active silo; one that does not answer in time is left out.</summary>
    public Task<Dictionary<SiloAddress, DeviceStatus>> ReadAsync()
    {
        lock (_lock)
        {
            if (_reading is null || (_reading.IsCompleted && clock.GetElapsedTime(_readAt) >= Freshness))
            {
                _readAt = clock.GetTimestamp();
                _reading = AskAsync();
            }

            return _reading;
        }
    }

    /// <summary>How many models this silo has just placed there that do not train yet.</summary>
    /// <param name="silo">Where.</param>
    /// <param name="sessions">Keys of the models that train there.</param>
    public int Placed(SiloAddress silo, IReadOnlySet<string> sessions)
    {
        lock (_lock)
        {
            foreach (string old in _placed.Where(p => clock.GetElapsedTime(p.Value.At) >= Placing).Select(p => p.Key).ToArray())
            {
                _placed.Remove(old);
            }

            return _placed.Count(p => p.Value.Silo.Equals(silo) && !sessions.Contains(p.Key));
        }
    }

    /// <summary>Remembers where a model was placed.</summary>
    public void Place(string key, SiloAddress silo)
    {
        lock (_lock)
        {
            _placed[key] = (silo, clock.GetTimestamp());
        }
    }

    private async Task<Dictionary<SiloAddress, DeviceStatus>> AskAsync()
    {
        var statuses = new Dictionary<SiloAddress, DeviceStatus>();
        foreach ((SiloAddress silo, DeviceStatus? status) in await Task.WhenAll(silos.Active().Select(AskAsync)))
        {
            if (status is not null)
            {
                statuses[silo] = status;
            }
        }

        return statuses;
    }

    private async Task<(SiloAddress Silo, DeviceStatus? Status)> AskAsync(ActiveSilo silo)
    {
        try
        {
            return (silo.Address, await silos.Host(silo).GetStatusAsync().MayBeGivenUp().WaitAsync(Patience, clock));
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return (silo.Address, null); // placed there only if nobody answers
        }
    }
}
