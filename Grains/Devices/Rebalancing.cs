using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Placement;

namespace OrleansDDM.Grains.Devices;

/// <summary>Which models to move so that all train faster, and the slots of equally fast silos have about the same to do.</summary>
internal static class Rebalancing
{
    /// <summary>
    /// Moves one model after another to where it gains most: to a device that it prefers; to one on which it would train faster by more than the noise of the measurement, half as fast again; else, where it
    /// would hardly train slower, from the silo with most models per slot to the one with fewest, as long as the receiver ends below where the giver was. Deterministic.
    /// </summary>
    /// <param name="silos">What the silos do.</param>
    /// <param name="needs">What models need, by the key of their grain; one that is not there stays where it is. Null = all may go anywhere.</param>
    public static IReadOnlyList<ModelMove> Plan(IEnumerable<DeviceStatus> silos, IReadOnlyDictionary<string, DeviceNeeds>? needs = null)
    {
        Load[] loads = [.. silos.Where(s => s.Slots.Length > 0).OrderBy(s => s.Silo, StringComparer.Ordinal)
            .Select(s => new Load(s, [.. s.Slots.SelectMany(slot => slot.Sessions).Order(StringComparer.Ordinal)]))];
        var speeds = new DeviceSpeeds(loads.Select(l => l.Facts));
        var moves = new List<ModelMove>();
        while (true)
        {
            var best = (
                from giver in loads
                where giver.Models.Count > 0
                from taker in loads
                where taker != giver
                from key in giver.Models
                where needs is null || needs.ContainsKey(key)
                let gain = Gain(giver, taker, needs?.GetValueOrDefault(key), speeds)
                where gain > 0
                orderby gain descending, giver.Share(0) descending, taker.Share(1), giver.Models.IndexOf(key) descending
                select (giver, taker, key)).FirstOrDefault();
            if (best.giver is null)
            {
                return moves;
            }

            // Counted there, but not moved twice.
            best.giver.Models.Remove(best.key);
            best.taker.Arrived++;
            best.taker.Taken += needs?.GetValueOrDefault(best.key)?.Memory ?? 0;
            (string run, string role) = GrainKeys.ModelName(best.key);
            moves.Add(new ModelMove(run, role, best.giver.Silo, best.taker.Silo));
        }
    }

    // How much faster a model would train; 1 where the move only evens out; 0 = it stays.
    private static double Gain(Load giver, Load taker, DeviceNeeds? needs, DeviceSpeeds speeds)
    {
        if (needs is not null && !(needs.Fits(taker.Facts) && needs.FitsInto(taker.Facts, taker.Free)))
        {
            return 0;
        }

        double faster = taker.Offer.Rate(speeds) / giver.Offer.Rate(speeds, more: 0);
        if (needs is not null && needs.Prefers(giver.Facts) != needs.Prefers(taker.Facts))
        {
            return needs.Prefers(taker.Facts) && taker.Offer.HasFreeSlot ? double.MaxValue : 0;
        }

        return faster >= DeviceOffer.Noise ? faster : faster > 1 / DeviceOffer.Noise && taker.Share(1) < giver.Share(0) ? 1 : 0;
    }

    private sealed record Load(DeviceStatus Status, List<string> Models)
    {
        public int Arrived { get; set; }

        public long Taken { get; set; }

        public string Silo => Status.Silo;

        public DeviceFacts? Facts => Status.Facts;

        public long? Free => Status.FreeMemory - Taken;

        public DeviceOffer Offer => new(Silo, Facts, Status.Slots.Length, Models.Count + Arrived, Free);

        public double Share(int more) => (Models.Count + Arrived + more) / (double)Status.Slots.Length;
    }
}
