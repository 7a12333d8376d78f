using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Placement;

/// <summary>A silo as a place for one more model.</summary>
/// <param name="Silo">Its name.</param>
/// <param name="Facts">Its devices; null = not known.</param>
/// <param name="Slots">Its slots; 0 = it does not answer.</param>
/// <param name="Models">Models that train there, or are about to.</param>
/// <param name="Free">Bytes of device memory that are free; null = not known.</param>
internal sealed record DeviceOffer(string Silo, DeviceFacts? Facts, int Slots, int Models, long? Free)
{
    /// <summary>Ratio up to which speeds count as equal: they are measured in a moment, on machines that do other things as well.</summary>
    public const double Noise = 1.5;

    /// <summary>Whether a slot has nothing to train.</summary>
    public bool HasFreeSlot => Models < Slots;

    /// <summary>
    /// The place where a model would train fastest: where it prefers to be, as long as there is a free slot; among equally fast ones, the one with
    /// most room. One that lacks memory now, or does not answer, is taken only if all do.
    /// </summary>
    /// <param name="offers">At least one.</param>
    /// <param name="needs">What the model needs.</param>
    public static DeviceOffer Best(IReadOnlyCollection<DeviceOffer> offers, DeviceNeeds needs)
    {
        DeviceOffer[] best = Keep(Keep(Keep([.. offers], o => o.Slots > 0), o => needs.FitsInto(o.Facts, o.Free)), o => needs.Prefers(o.Facts) && o.HasFreeSlot);
        var speeds = new DeviceSpeeds(offers.Select(o => o.Facts));
        double top = best.Max(o => o.Rate(speeds));
        return best.Where(o => Noise * o.Rate(speeds) >= top)
            .OrderBy(o => (o.Models + 1.0) / Math.Max(1, o.Slots)).ThenBy(o => o.Models).ThenByDescending(o => o.Rate(speeds)).ThenBy(o => o.Silo, StringComparer.Ordinal)
            .First();
    }

    /// <summary>Speed of one more model there, in 10^9 floating-point operations a second: that of a slot, or its share of one.</summary>
    /// <param name="speeds">Speed of a slot of each kind of device.</param>
    /// <param name="more">Models that come in addition.</param>
    public double Rate(DeviceSpeeds speeds, int more = 1) => speeds.Of(Facts) * Math.Min(1, Slots / (double)Math.Max(1, Models + more));

    private static DeviceOffer[] Keep(DeviceOffer[] offers, Func<DeviceOffer, bool> which)
    {
        DeviceOffer[] kept = [.. offers.Where(which)];
        return kept.Length > 0 ? kept : offers;
    }
}
