using System.Collections.Immutable;

using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Solves;
using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Peers;

/// <content>What is lost with the activation.</content>
internal sealed partial class PeerGrain
{
    /// <summary>What belongs to one activation of the machine.</summary>
    private sealed class Life
    {
        public required IslandsSpec Islands { get; init; }

        public required PeerStart Start { get; init; }

        public required IProtocol Protocol { get; init; }

        public required MessageCodec Codec { get; init; }

        /// <summary>How trained models travel.</summary>
        public required CompressionOptions Compression { get; init; }

        /// <summary>Where a peer of an island trains; null = it is a peer of a solve.</summary>
        public PeerWorkshop.Bench? Bench { get; init; }

        /// <summary>What the island's peers hold; null = it is a peer of a solve.</summary>
        public IslandPlan? Plan { get; init; }

        /// <summary>What a peer of a solve works on; null = it is a peer of an island.</summary>
        public ConvexProblem? Problem { get; init; }

        /// <summary>Lets go of what it trains on.</summary>
        public required Action Close { get; init; }

        public required ImmutableDictionary<int, PeerAddress> Peers { get; init; }

        /// <summary>The other hosts of the island.</summary>
        public required string[] Hosts { get; init; }

        /// <summary>Run-relative time of the newest step; it never goes back, whatever clocks do.</summary>
        public TimeSpan Now { get; set; }

        /// <summary>Bytes of a model.</summary>
        public required long ModelBytes { get; init; }

        public required PeerState Machine { get; set; }

        public PeerCounts Counts { get; set; } = new();

        /// <summary>Models that the shelf holds for this peer.</summary>
        public required HashSet<ModelHandle> Held { get; init; }

        public Dictionary<TimerId, IGrainTimer> Timers { get; } = [];

        public Dictionary<long, CancellationTokenSource> Works { get; } = [];

        /// <summary>Models that running work needs, by its number, and those of frames that are coming in, by a negative one.</summary>
        public Dictionary<long, ModelHandle[]> InUse { get; } = [];

        /// <summary>Frames that have come in.</summary>
        public long Arrivals { get; set; }

        /// <summary>The newest round that this peer completed, and its model in the artifact store; it is held until a newer one is.</summary>
        public (long Round, ArtifactReference Model)? Newest { get; set; }

        /// <summary>Frames that were delivered, by their senders.</summary>
        public Dictionary<int, SeenFrames> Seen { get; } = [];

        /// <summary>Frames sent to each other peer.</summary>
        public Dictionary<int, long> Sent { get; } = [];

        /// <summary>Of a peer of a solve, its last gradient and where it was taken; null = none yet.</summary>
        public (byte[] Point, byte[] Gradient, double Loss)? Last { get; set; }

        public Learning.Islands.PeerMoments? Moments { get; set; }

        /// <summary>What compression has left out of this peer's updates; empty = nothing.</summary>
        public float[] Residual { get; set; } = [];

        /// <summary>The residual that is stored.</summary>
        public float[] StoredResidual { get; set; } = [];

        /// <summary>The newest models to which updates of others were differences, the newest last.</summary>
        public Queue<ModelHandle> Bases { get; } = [];

        public double? TrainSeconds { get; set; }

        public bool Pumping { get; set; }

        /// <summary>Ends when the inputs at hand are handled; it never fails.</summary>
        public Task Pump { get; set; } = Task.CompletedTask;
    }
}
