using OrleansDDM.Experiments.Claims.Peers;

namespace OrleansDDM.Experiments.Claims.Disaster;

/// <summary>Settings of <see cref="DisasterExperiment"/>.</summary>
public sealed record DisasterSettings
{
    /// <summary>Peers and images.</summary>
    public PeerDataPlan Data { get; init; } = new() { Peers = 50, ImagesPerPeer = 100 };

    /// <summary>Links of a new node in the Barabási-Albert graph.</summary>
    public int Links { get; init; } = 2;

    /// <summary>Hidden widths of the network.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [32];

    /// <summary>Local steps of a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Images of a step.</summary>
    public int Batch { get; init; } = 20;

    /// <summary>Learning rate.</summary>
    public float Rate { get; init; } = 0.05f;

    /// <summary>Rounds.</summary>
    public int Rounds { get; init; } = 60;

    /// <summary>Round of the late disruption.</summary>
    public int Late { get; init; } = 20;

    /// <summary>Share of the peers that is struck.</summary>
    public double Share { get; init; } = 0.2;

    /// <summary>Share of the severe disruption.</summary>
    public double Severe { get; init; } = 0.4;

    /// <summary>Rounds between judgements.</summary>
    public int Every { get; init; } = 5;

    /// <summary>The settings of a run.</summary>
    public static DisasterSettings Of(string data, bool quick)
    {
        var full = new DisasterSettings();
        return full with { Data = full.Data with { Data = data }, Every = quick ? 10 : full.Every };
    }
}
