using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>Which models to move so that the slots of all silos have about the same to do.</summary>
internal static class Rebalancing
{
    /// <summary>
    /// Moves one model after another from the silo with most of them per slot to the one with fewest, as long as the receiver ends below where
    /// the giver was. Deterministic.
    /// </summary>
    public static IReadOnlyList<ModelMove> Plan(IEnumerable<DeviceStatus> silos)
    {
        Load[] loads = [.. silos.Where(s => s.Slots.Length > 0).OrderBy(s => s.Silo, StringComparer.Ordinal)
            .Select(s => new Load(s.Silo, s.Slots.Length, [.. s.Slots.SelectMany(slot => slot.Sessions).Order(StringComparer.Ordinal)]))];
        var moves = new List<ModelMove>();
        while (loads.Length > 1)
        {
            Load from = loads.MaxBy(l => l.Share(0))!;
            Load to = loads.MinBy(l => l.Share(1))!;
            if (from.Models.Count == 0 || to.Share(1) >= from.Share(0))
            {
                break;
            }

            string key = from.Models[^1];
            from.Models.RemoveAt(from.Models.Count - 1);

            // Counted there, but not moved twice.
            to.Arrived++;
            (string run, string role) = GrainKeys.ModelName(key);
            moves.Add(new ModelMove(run, role, from.Silo, to.Silo));
        }

        return moves;
    }

    private sealed record Load(string Silo, int Slots, List<string> Models)
    {
        public int Arrived { get; set; }

        public double Share(int more) => (Models.Count + Arrived + more) / (double)Slots;
    }
}
