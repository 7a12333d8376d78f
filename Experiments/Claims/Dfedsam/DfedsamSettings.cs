using OrleansDDM.Experiments.Claims.Peers;

namespace OrleansDDM.Experiments.Claims.Dfedsam;

/// <summary>Settings of <see cref="DfedsamExperiment"/>.</summary>
public sealed record DfedsamSettings
{
    /// <summary>Peers and images of the clean arms.</summary>
    public PeerDataPlan Clean { get; init; } = new() { Peers = 20, Alpha = 0.3, ImagesPerPeer = 100 };

    /// <summary>Peers and images of the arms with wrong labels.</summary>
    public PeerDataPlan Noisy { get; init; } = new() { Peers = 12, Alpha = 0.3, ImagesPerPeer = 200, LabelNoise = 0.3 };

    /// <summary>The same peers with wrong labels, classes dealt out at random.</summary>
    public PeerDataPlan NoisyIid { get; init; } = new() { Peers = 12, ImagesPerPeer = 200, LabelNoise = 0.3 };

    /// <summary>Hidden widths of the network.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [32];

    /// <summary>Local steps of a round.</summary>
    public int Steps { get; init; } = 30;

    /// <summary>Images of a step.</summary>
    public int Batch { get; init; } = 20;

    /// <summary>Learning rate.</summary>
    public float Rate { get; init; } = 0.05f;

    /// <summary>Rounds of the clean arms.</summary>
    public int CleanRounds { get; init; } = 60;

    /// <summary>Rounds of the arms with wrong labels.</summary>
    public int NoisyRounds { get; init; } = 40;

    /// <summary>Q of multiple gossip steps.</summary>
    public int GossipSteps { get; init; } = 4;

    /// <summary>ρ on clean data.</summary>
    public float CleanRadius { get; init; } = 0.1f;

    /// <summary>ρ with wrong labels.</summary>
    public float NoisyRadius { get; init; } = 0.2f;

    /// <summary>A ρ that is too large.</summary>
    public float LargeRadius { get; init; } = 0.5f;

    /// <summary>Rounds between judgements.</summary>
    public int Every { get; init; } = 5;

    /// <summary>The settings of a run.</summary>
    public static DfedsamSettings Of(string data, bool quick)
    {
        var full = new DfedsamSettings();
        return full with
        {
            Clean = full.Clean with { Data = data },
            Noisy = full.Noisy with { Data = data },
            NoisyIid = full.NoisyIid with { Data = data },
            Every = quick ? 20 : full.Every,
        };
    }
}
