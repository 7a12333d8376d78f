using OrleansDDM.Experiments.Claims.Peers;

namespace OrleansDDM.Experiments.Claims.Variance;

/// <summary>Settings of <see cref="VarianceExperiment"/>.</summary>
public sealed record VarianceSettings
{
    /// <summary>Peers and images of the four-regular arms.</summary>
    public PeerDataPlan Data { get; init; } = new() { Peers = 8 };

    /// <summary>Peers and images of the arms with pairwise exchange.</summary>
    public PeerDataPlan Pairs { get; init; } = new() { Peers = 16 };

    /// <summary>Neighbours of each peer.</summary>
    public int Degree { get; init; } = 4;

    /// <summary>Hidden widths of the three-layer network.</summary>
    public IReadOnlyList<int> Three { get; init; } = [64, 32];

    /// <summary>Hidden widths of the four-layer network.</summary>
    public IReadOnlyList<int> Four { get; init; } = [64, 64, 64];

    /// <summary>Images of a step; one step a round.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Learning rate.</summary>
    public float Rate { get; init; } = 0.01f;

    /// <summary>Momentum.</summary>
    public float Momentum { get; init; } = 0.9f;

    /// <summary>Rounds.</summary>
    public int Rounds { get; init; } = 400;

    /// <summary>Rounds between judgements.</summary>
    public int Every { get; init; } = 2;

    /// <summary>Round after which variances are compared with the initial ones.</summary>
    public int VarianceRound { get; init; } = 20;

    /// <summary>Accuracy that counts as the way out of the plateau.</summary>
    public double Target { get; init; } = 0.75;

    /// <summary>Accuracy at which the correction is compared with a common initial model.</summary>
    public double HighTarget { get; init; } = 0.80;

    /// <summary>The settings of a run.</summary>
    public static VarianceSettings Of(string data, bool quick)
    {
        var full = new VarianceSettings();
        full = full with { Data = full.Data with { Data = data }, Pairs = full.Pairs with { Data = data } };
        return quick ? full with { Every = 5, Rounds = 350 } : full;
    }
}
