using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Protocols.Simulation;

namespace OrleansDDM.Experiments.Claims.Modest;

/// <summary>Settings of <see cref="ModestExperiment"/>.</summary>
public sealed record ModestSettings
{
    /// <summary>Peers and images with equal shares at random.</summary>
    public PeerDataPlan Iid { get; init; } = new() { Peers = 100 };

    /// <summary>The same peers with unlike classes.</summary>
    public PeerDataPlan Skewed { get; init; } = new() { Peers = 100, Alpha = 0.1 };

    /// <summary>Hidden widths of the network.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [32];

    /// <summary>s.</summary>
    public int SampleSize { get; init; } = 10;

    /// <summary>Local steps of a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Images of a step.</summary>
    public int Batch { get; init; } = 20;

    /// <summary>Learning rate.</summary>
    public float Rate { get; init; } = 0.05f;

    /// <summary>Neighbours of the regular graph.</summary>
    public int Degree { get; init; } = 10;

    /// <summary>Accuracy that bytes and time are counted to, equal shares.</summary>
    public double IidTarget { get; init; } = 0.82;

    /// <summary>The same, unlike classes.</summary>
    public double SkewedTarget { get; init; } = 0.75;

    /// <summary>Accuracy that rounds are counted to, equal shares.</summary>
    public double IidRoundsTarget { get; init; } = 0.83;

    /// <summary>The same, unlike classes.</summary>
    public double SkewedRoundsTarget { get; init; } = 0.78;

    /// <summary>Rounds after which an arm gives up.</summary>
    public int MostRounds { get; init; } = 400;

    /// <summary>Rounds between judgements.</summary>
    public int Every { get; init; } = 5;

    /// <summary>Virtual seconds of a local step.</summary>
    public double StepSeconds { get; init; } = 0.02;

    /// <summary>The network.</summary>
    public NetworkPlan Network { get; init; } = new();

    /// <summary>sf of the arms that lose peers.</summary>
    public double SuccessFraction { get; init; } = 0.8;

    /// <summary>Virtual time of the first crash.</summary>
    public double CrashFrom { get; init; } = 30;

    /// <summary>Virtual seconds between crashes.</summary>
    public double CrashEvery { get; init; } = 5;

    /// <summary>Peers that crash at a time.</summary>
    public int CrashPeers { get; init; } = 5;

    /// <summary>Crashes.</summary>
    public int Crashes { get; init; } = 16;

    /// <summary>Rounds that must follow the last crash.</summary>
    public int RoundsAfter { get; init; } = 120;

    /// <summary>Virtual seconds without a new round after which a run counts as stalled.</summary>
    public double StallSeconds { get; init; } = 120;

    /// <summary>Peers that join late, one after the other.</summary>
    public int Joiners { get; init; } = 10;

    /// <summary>Virtual seconds between two of them.</summary>
    public double JoinEvery { get; init; } = 20;

    /// <summary>Rounds over which MoDeST and FedAvg on equal samples are compared bit by bit.</summary>
    public int MatchRounds { get; init; } = 20;

    /// <summary>The settings of a run.</summary>
    public static ModestSettings Of(string data, bool quick)
    {
        var full = new ModestSettings();
        full = full with { Iid = full.Iid with { Data = data }, Skewed = full.Skewed with { Data = data } };
        return quick ? full with { MostRounds = 250, Joiners = 5 } : full;
    }
}
