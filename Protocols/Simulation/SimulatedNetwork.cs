using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// When messages arrive. Frames take latency and their bytes; models queue first-in first-out on the sender's up-link and the receiver's
/// down-link. Faults are drawn from the seed and the number of the message.
/// </summary>
internal sealed class SimulatedNetwork
{
    private static readonly ulong Role = CounterRandom.Role("network");

    private readonly NetworkPlan _plan;
    private readonly ulong _seed;
    private readonly Latencies _latencies;
    private readonly double[] _bandwidth;
    private readonly double[] _upFree;
    private readonly double[] _downFree;

    internal SimulatedNetwork(NetworkPlan plan, int peers, ulong seed)
    {
        (_plan, _seed) = (plan, seed);
        _latencies = Latencies.Of(plan, peers, seed);
        CounterStream random = new(seed, "bandwidth");
        _bandwidth = [.. Enumerable.Range(0, peers).Select(_ =>
            plan.BytesPerSecond * Math.Min(1, Math.Exp(plan.BandwidthSpread * random.Normal())))];
        _upFree = new double[peers];
        _downFree = new double[peers];
    }

    /// <summary>Bandwidth of a peer of normal speed, in bytes per second.</summary>
    internal double Bandwidth(int peer) => _bandwidth[peer];

    /// <summary>Seconds of virtual time at which the copies of a message arrive: none if it is lost, two if it is doubled.</summary>
    internal List<double> Arrivals(double now, SimulatedPeer from, SimulatedPeer to, long number, int frameBytes, long modelBytes)
    {
        double rate = Math.Min(_bandwidth[from.Index] / from.Slow, _bandwidth[to.Index] / to.Slow);
        double latency = _latencies.Seconds(from.Index, to.Index);
        if (_plan.Jitter > 0)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - Draw(number, 0))) * Math.Cos(2 * Math.PI * Draw(number, 1));
            latency *= Math.Exp(_plan.Jitter * normal);
        }

        double arrival = now + latency + (frameBytes / rate);
        if (modelBytes > 0)
        {
            double transfer = modelBytes / rate;
            double sent = Math.Max(now, _upFree[from.Index]) + transfer;
            _upFree[from.Index] = sent;
            arrival = Math.Max(sent + latency, _downFree[to.Index] + transfer);
            _downFree[to.Index] = arrival;
        }

        bool faulty = _plan.FaultsUntil <= 0 || now < _plan.FaultsUntil;
        if (faulty && Draw(number, 2) < _plan.Loss)
        {
            return [];
        }

        List<double> arrivals = [arrival + (faulty && Draw(number, 3) < _plan.Reordering ? Draw(number, 4) * _plan.DelaySeconds : 0)];
        if (faulty && Draw(number, 5) < _plan.Duplication)
        {
            arrivals.Add(arrival + (Draw(number, 6) * _plan.DelaySeconds));
        }

        return arrivals;
    }

    /// <summary>The frame as it arrives: maybe with one bit flipped.</summary>
    internal byte[] Frame(byte[] frame, double now, long number)
    {
        bool faulty = _plan.FaultsUntil <= 0 || now < _plan.FaultsUntil;
        if (!faulty || Draw(number, 7) >= _plan.Corruption)
        {
            return frame;
        }

        byte[] damaged = (byte[])frame.Clone();
        int bit = CounterRandom.Below(CounterRandom.Bits(_seed, Role, (ulong)number, 8), frame.Length * 8);
        damaged[bit / 8] ^= (byte)(1 << (bit % 8));
        return damaged;
    }

    /// <summary>A crash empties the queues of a peer's links.</summary>
    internal void Reset(int peer) => (_upFree[peer], _downFree[peer]) = (0, 0);

    private double Draw(long number, ulong purpose) => CounterRandom.Unit(CounterRandom.Bits(_seed, Role, (ulong)number, purpose));
}
