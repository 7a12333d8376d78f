using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>The simulated network. Probabilities are per message and link.</summary>
public sealed record NetworkPlan
{
    /// <summary>"cities": latencies like those between cities; "uniform": one latency for all; "file": a CSV matrix.</summary>
    public string Latency { get; init; } = "cities";

    /// <summary>One-way latency of "uniform".</summary>
    public double LatencySeconds { get; init; } = 0.05;

    /// <summary>CSV of "file": row i, column j = one-way milliseconds from city i to city j; peers go round the cities.</summary>
    public string? LatencyFile { get; init; }

    /// <summary>Standard deviation of a random factor on the latency (log-normal).</summary>
    public double Jitter { get; init; }

    /// <summary>Bytes per second up and down of each peer.</summary>
    public double BytesPerSecond { get; init; } = 10e6;

    /// <summary>Spread of bandwidths: each peer's is multiplied by exp(N(0, spread²)), at most 1.</summary>
    public double BandwidthSpread { get; init; }

    /// <summary>Probability of loss.</summary>
    public double Loss { get; init; }

    /// <summary>Probability that a message comes twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Probability that a message is held back, and so overtaken.</summary>
    public double Reordering { get; init; }

    /// <summary>Longest time that such a message is held back.</summary>
    public double DelaySeconds { get; init; } = 1;

    /// <summary>Probability that a bit of a frame is flipped.</summary>
    public double Corruption { get; init; }

    /// <summary>Time from which the four faults above stop; 0 = never.</summary>
    public double FaultsUntil { get; init; }

    /// <summary>Checks ranges.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        SimulationPlan.Within(LatencySeconds, 0, 1e6, "network.latencySeconds");
        SimulationPlan.Within(Jitter, 0, 10, "network.jitter");
        SimulationPlan.Within(BytesPerSecond, 1, 1e15, "network.bytesPerSecond");
        SimulationPlan.Within(BandwidthSpread, 0, 10, "network.bandwidthSpread");
        SimulationPlan.Within(Loss, 0, 1, "network.loss");
        SimulationPlan.Within(Duplication, 0, 1, "network.duplication");
        SimulationPlan.Within(Reordering, 0, 1, "network.reordering");
        SimulationPlan.Within(DelaySeconds, 0, 1e6, "network.delaySeconds");
        SimulationPlan.Within(Corruption, 0, 1, "network.corruption");
        SimulationPlan.Within(FaultsUntil, 0, 1e8, "network.faultsUntil");
    }
}
