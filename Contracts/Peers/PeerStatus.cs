namespace OrleansDDM.Contracts.Peers;

/// <summary>What is known of one peer of an island.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerStatus)]
public sealed record PeerStatus
{
    /// <summary>Its number in the run.</summary>
    [Id(0)]
    public int Number { get; init; }

    /// <summary>Whether it takes part.</summary>
    [Id(1)]
    public bool Running { get; init; }

    /// <summary>Term of its activation: how often it was started or came back.</summary>
    [Id(2)]
    public long Term { get; init; }

    /// <summary>Counts since its activation.</summary>
    [Id(3)]
    public PeerCounts Counts { get; init; } = new();

    /// <summary>Euclidean length of what compression has left out of its updates so far and will add to the next one.</summary>
    [Id(4)]
    public double LeftOut { get; init; }

    /// <summary>Peers that it takes for present, itself among them.</summary>
    [Id(5)]
    public int Known { get; init; }
}

/// <summary>What a peer did since its activation.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerCounts)]
public sealed record PeerCounts
{
    /// <summary>Local trainings that ended.</summary>
    [Id(0)]
    public long Trainings { get; init; }

    /// <summary>Samples drawn in them.</summary>
    [Id(1)]
    public long Samples { get; init; }

    /// <summary>Frames sent.</summary>
    [Id(2)]
    public long FramesSent { get; init; }

    /// <summary>Bytes of these frames.</summary>
    [Id(3)]
    public long FrameBytes { get; init; }

    /// <summary>Models received from others that the peer did not hold yet.</summary>
    [Id(4)]
    public long ModelsReceived { get; init; }

    /// <summary>Bytes of these models as they travel: a compressed one counts with its smaller form.</summary>
    [Id(5)]
    public long ModelBytes { get; init; }

    /// <summary>Bytes of these models as they are.</summary>
    [Id(9)]
    public long WholeBytes { get; init; }

    /// <summary>Frames not sent because the host of their receiver was down.</summary>
    [Id(6)]
    public long Unsent { get; init; }

    /// <summary>Frames refused: damaged, repeated, of another run, of a past term, from a stranger, or naming a model that could not be had.</summary>
    [Id(7)]
    public long Refused { get; init; }

    /// <summary>Inputs that the protocol ignored: stale or repeated.</summary>
    [Id(8)]
    public long Ignored { get; init; }

    /// <summary>The counts of both together.</summary>
    public PeerCounts Plus(PeerCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            Trainings = Trainings + other.Trainings,
            Samples = Samples + other.Samples,
            FramesSent = FramesSent + other.FramesSent,
            FrameBytes = FrameBytes + other.FrameBytes,
            ModelsReceived = ModelsReceived + other.ModelsReceived,
            ModelBytes = ModelBytes + other.ModelBytes,
            WholeBytes = WholeBytes + other.WholeBytes,
            Unsent = Unsent + other.Unsent,
            Refused = Refused + other.Refused,
            Ignored = Ignored + other.Ignored,
        };
    }
}
