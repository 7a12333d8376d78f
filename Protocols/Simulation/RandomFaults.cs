using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>Draws faults, for tests by the hundred.</summary>
public static class RandomFaults
{
    /// <summary>
    /// Faults of all kinds up to a time; then every peer that is down comes back, partitions heal and slow peers recover, so that what
    /// must hold in the end can be asked.
    /// </summary>
    /// <param name="seed">Seed.</param>
    /// <param name="peers">Peers.</param>
    /// <param name="seconds">Virtual time of the last fault.</param>
    /// <param name="spare">Peers from 0 on that are never hurt, e.g. 1 for a server.</param>
    public static ImmutableArray<Fault> Draw(ulong seed, int peers, double seconds, int spare = 0)
    {
        CounterStream random = new(seed, "random-faults");
        List<Fault> faults = [];
        int count = 2 + random.Below(8);
        for (int i = 0; i < count; i++)
        {
            FaultKind kind = (FaultKind)random.Below(8);
            int[] victims = [.. random.Distinct(1 + random.Below(Math.Max(1, peers / 2)), peers).Where(p => p >= spare)];
            if (victims.Length == 0 || kind == FaultKind.Join)
            {
                continue;
            }

            double at = seconds * random.Unit();
            faults.Add(new Fault { At = at, Kind = kind, Peers = [.. victims], Factor = kind == FaultKind.Slow ? 1 + (9 * random.Unit()) : 1 });
            if (kind is FaultKind.Crash or FaultKind.Leave)
            {
                FaultKind back = random.Unit() < 0.7 ? FaultKind.Restart : FaultKind.RestartEmpty;
                faults.Add(new Fault { At = at + ((seconds - at) * random.Unit()), Kind = back, Peers = [.. victims] });
            }
        }

        if (random.Unit() < 0.5 && peers > spare + 1)
        {
            faults.Add(new Fault { At = seconds * random.Unit(), Kind = FaultKind.Join, Peers = [peers - 1] });
        }

        ImmutableArray<int> all = [.. Enumerable.Range(0, peers)];
        faults.Add(new Fault { At = seconds, Kind = FaultKind.Heal });
        faults.Add(new Fault { At = seconds, Kind = FaultKind.Slow, Peers = all });
        faults.Add(new Fault { At = seconds, Kind = FaultKind.Restart, Peers = all });
        return [.. faults.OrderBy(f => f.At)];
    }
}
