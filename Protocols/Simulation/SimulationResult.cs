using System.Collections.Immutable;

using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>What came of a simulated run.</summary>
public sealed record SimulationResult
{
    /// <summary>64 bits over every event, every durable state and every model: equal runs have equal hashes.</summary>
    public ulong Hash { get; init; }

    /// <summary>Virtual time at the end, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Events handled.</summary>
    public long Events { get; init; }

    /// <summary>Messages handed to the network; those to oneself are none.</summary>
    public long Messages { get; init; }

    /// <summary>Messages lost: by the network, a partition, or a dead peer.</summary>
    public long Lost { get; init; }

    /// <summary>Bytes of all frames sent.</summary>
    public long FrameBytes { get; init; }

    /// <summary>Bytes of all models sent beside them. A model that the receiver has already is not sent again.</summary>
    public long ModelBytes { get; init; }

    /// <summary>Models sent.</summary>
    public long ModelTransfers { get; init; }

    /// <summary>Number of messages by kind.</summary>
    public ImmutableSortedDictionary<string, long> MessagesByKind { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Frames refused, by reason.</summary>
    public ImmutableSortedDictionary<FrameFault, long> Refused { get; init; } = ImmutableSortedDictionary<FrameFault, long>.Empty;

    /// <summary>Inputs ignored by the protocol, by reason.</summary>
    public ImmutableSortedDictionary<string, long> Ignored { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Trainings finished.</summary>
    public long Trainings { get; init; }

    /// <summary>When each new highest round was completed.</summary>
    public ImmutableArray<RoundCompletion> Completions { get; init; } = [];

    /// <summary>Every completion of a round by a peer, in the order of time.</summary>
    public ImmutableArray<PeerCompletion> PeerCompletions { get; init; } = [];

    /// <summary>The longest time in which none of these peers completed any round, new or not, within a span of virtual time, in seconds.</summary>
    public double LongestSilence(double from, double to, Func<int, bool>? peers = null) =>
        Longest(PeerCompletions.Where(c => peers is null || peers(c.Peer)).Select(c => c.Seconds), from, to);

    /// <summary>The longest time without a new highest round within a span of virtual time, its ends included, in seconds.</summary>
    public double LongestStall(double from, double to) => Longest(Completions.Select(c => c.Seconds), from, to);

    /// <summary>Highest round completed by that time, or −1.</summary>
    public long RoundAt(double seconds) => Completions.LastOrDefault(c => c.Seconds <= seconds)?.Round ?? -1;

    private static double Longest(IEnumerable<double> times, double from, double to)
    {
        double last = from, longest = 0;
        foreach (double time in times.Where(t => t > from && t <= to))
        {
            longest = Math.Max(longest, time - last);
            last = time;
        }

        return Math.Max(longest, to - last);
    }
}

/// <summary>A peer completed a round.</summary>
/// <param name="Seconds">Virtual time.</param>
/// <param name="Peer">Number of the peer.</param>
public readonly record struct PeerCompletion(double Seconds, int Peer);

/// <summary>A new highest round.</summary>
/// <param name="Seconds">Virtual time.</param>
/// <param name="Round">Round.</param>
/// <param name="Peer">Number of the peer that completed it first.</param>
public sealed record RoundCompletion(double Seconds, long Round, int Peer);
