namespace OrleansDDM.Experiments.Claims.Peers;

/// <summary>Which images the peers of an experiment hold.</summary>
public sealed record PeerDataPlan
{
    /// <summary>Name of a data set with classes, or a path.</summary>
    public string Data { get; init; } = "fashion-mnist";

    /// <summary>Number of peers.</summary>
    public required int Peers { get; init; }

    /// <summary>Training images that are dealt out; 0 = all.</summary>
    public int Images { get; init; }

    /// <summary>α of a Dirichlet label skew (Hsu et al. 2019); 0 = equal shares at random.</summary>
    public double Alpha { get; init; }

    /// <summary>Images of one peer: each shard is cut or drawn again to this size; 0 = as they fall.</summary>
    public int ImagesPerPeer { get; init; }

    /// <summary>Share of the training labels that is replaced by a random other one, 0 .. 1; shards are dealt by the true ones.</summary>
    public double LabelNoise { get; init; }

    /// <summary>Test images that models are judged on; 0 = all.</summary>
    public int TestImages { get; init; } = 2000;
}
