using System.Globalization;

using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// How fast artifacts come from each other silo: an exponentially weighted mean of the seconds that a byte took, for each source by itself. Deadlines of
/// rounds follow from it. Thread-safe.
/// </summary>
internal sealed class TransferRates(TimeProvider clock)
{
    /// <summary>Bytes a second from a silo of which nothing is known: of a link within a machine room.</summary>
    public const double Assumed = 50e6;

    /// <summary>Least bytes a second that are believed: one bad transfer must not make a round wait for hours.</summary>
    public const double Least = 100e3;

    /// <summary>Most bytes a second that are believed.</summary>
    public const double Most = 10e9;

    /// <summary>Transfers of fewer bytes say more of the way there and back than of the link.</summary>
    public const long SmallestTransfer = 4096;

    private const double Weight = 0.3;
    private const int MostSources = 1024;

    /// <summary>What was measured longer ago than this is forgotten.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, (double SecondsPerByte, long At)> _sources = [];

    /// <summary>Takes note of a transfer.</summary>
    /// <param name="source">Where it came from.</param>
    /// <param name="bytes">How much came.</param>
    /// <param name="time">How long it took.</param>
    public void Note(SiloAddress source, long bytes, TimeSpan time)
    {
        if (bytes < SmallestTransfer)
        {
            return;
        }

        double seconds = Math.Clamp(time.TotalSeconds / bytes, 1 / Most, 1 / Least);
        lock (_lock)
        {
            if (IsFresh(source, out double known))
            {
                seconds = ((1 - Weight) * known) + (Weight * seconds);
            }
            else if (_sources.Count >= MostSources)
            {
                _sources.Remove(_sources.MinBy(s => s.Value.At).Key);
            }

            _sources[source] = (seconds, clock.GetTimestamp());
        }
    }

    /// <summary>Bytes a second from a silo; null = nothing is known of late.</summary>
    public double? From(SiloAddress source)
    {
        lock (_lock)
        {
            return IsFresh(source, out double seconds) ? 1 / seconds : null;
        }
    }

    /// <summary>Bytes a second from the slowest of some silos, and how that is known.</summary>
    /// <param name="sources">Name and address of each. Those of which nothing is known do not count; where nothing is known of any, it is <see cref="Assumed"/>.</param>
    public (double BytesPerSecond, string Origin) Slowest(IEnumerable<(string Name, SiloAddress Silo)> sources)
    {
        (string Name, double Rate)[] known = [.. sources.Select(s => (s.Name, Rate: From(s.Silo))).Where(s => s.Rate is not null).Select(s => (s.Name, s.Rate!.Value))];
        if (known.Length == 0)
        {
            return (Assumed, "assumed");
        }

        (string name, double rate) = known.MinBy(s => s.Rate);
        return (rate, string.Create(CultureInfo.InvariantCulture, $"measured from {name}, the slowest of {known.Length}"));
    }

    private bool IsFresh(SiloAddress source, out double seconds)
    {
        bool known = _sources.TryGetValue(source, out (double SecondsPerByte, long At) entry);
        seconds = entry.SecondsPerByte;
        return known && clock.GetElapsedTime(entry.At) < Fresh;
    }
}
