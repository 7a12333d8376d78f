using System.Collections.Immutable;
using System.Runtime.InteropServices;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>What a simulation counts as it goes.</summary>
internal sealed class SimulationCounts
{
    private readonly Dictionary<Type, long> _kinds = [];
    private readonly Dictionary<FrameFault, long> _refused = [];
    private readonly Dictionary<string, long> _ignored = [];
    private readonly List<RoundCompletion> _completions = [];
    private readonly List<PeerCompletion> _all = [];

    internal ulong TraceHash { get; private set; } = 1;

    internal long Events { get; set; }

    internal long Messages { get; private set; }

    internal long Lost { get; set; }

    internal long FrameBytes { get; private set; }

    internal long ModelBytes { get; set; }

    internal long ModelTransfers { get; set; }

    internal long Trainings { get; set; }

    internal void Hash(ulong a, ulong b) => TraceHash = CounterRandom.Bits(TraceHash, a, b);

    internal void Sent(MessageBody body, byte[] frame)
    {
        Messages++;
        FrameBytes += frame.Length;
        CollectionsMarshal.GetValueRefOrAddDefault(_kinds, body.GetType(), out _)++;

        // The frame's checksum stands for its contents.
        Hash((ulong)frame.Length, BitConverter.ToUInt32(frame, 4));
    }

    internal void Refuse(FrameFault fault) => CollectionsMarshal.GetValueRefOrAddDefault(_refused, fault, out _)++;

    internal void Ignore(string reason) => CollectionsMarshal.GetValueRefOrAddDefault(_ignored, reason, out _)++;

    internal void Completed(double seconds, long round, int peer)
    {
        _all.Add(new PeerCompletion(seconds, peer));
        if (_completions.Count == 0 || round > _completions[^1].Round)
        {
            _completions.Add(new RoundCompletion(seconds, round, peer));
        }
    }

    internal SimulationResult Result(ulong hash, double seconds) => new()
    {
        Hash = hash,
        Seconds = seconds,
        Events = Events,
        Messages = Messages,
        Lost = Lost,
        FrameBytes = FrameBytes,
        ModelBytes = ModelBytes,
        ModelTransfers = ModelTransfers,
        MessagesByKind = _kinds.ToImmutableSortedDictionary(k => k.Key.Name, k => k.Value),
        Refused = _refused.ToImmutableSortedDictionary(),
        Ignored = _ignored.ToImmutableSortedDictionary(),
        Trainings = Trainings,
        Completions = [.. _completions],
        PeerCompletions = [.. _all],
    };
}
