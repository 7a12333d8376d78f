using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>State and message.</content>
public abstract partial class NeighbourRounds
{
    /// <summary>Survives a crash.</summary>
    /// <param name="Exchange">k·Q + q: the exchange to do next.</param>
    /// <param name="Model">x_k, or x_k^q within a round of several gossip steps.</param>
    public record Saved(long Exchange, ModelHandle Model) : DurableState
    {
        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Exchange);
            writer.Model(Model);
        }
    }

    /// <summary>Lost in a crash.</summary>
    public record Live : VolatileState
    {
        /// <summary>Work number of the training, or 0.</summary>
        public long Training { get; init; }

        /// <summary>Work number of the mixing, or 0.</summary>
        public long Mixing { get; init; }

        /// <summary>What this peer sends in the exchange: x_{k+½}, or x_k^q.</summary>
        public ModelHandle Half { get; init; }

        /// <summary>What others sent, of this exchange and the few next ones.</summary>
        public ImmutableSortedDictionary<(long Exchange, PeerId From), Share> Received { get; init; } =
            ImmutableSortedDictionary<(long Exchange, PeerId From), Share>.Empty;

        /// <summary>Deadlines that neighbours missed in a row.</summary>
        public ImmutableSortedDictionary<PeerId, int> Missed { get; init; } = ImmutableSortedDictionary<PeerId, int>.Empty;

        /// <summary>When any neighbour was last heard.</summary>
        public TimeSpan HeardAt { get; init; }

        /// <summary>When neighbours were last sent a model, and how often they were since they became suspect.</summary>
        public ImmutableSortedDictionary<PeerId, (TimeSpan At, int Probes)> Probed { get; init; } =
            ImmutableSortedDictionary<PeerId, (TimeSpan At, int Probes)>.Empty;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => Received.Values.Select(s => s.Model).Append(Half);
    }

    /// <summary>A neighbour's model. 40 bytes.</summary>
    /// <param name="Round">Exchange k·Q + q; the round k itself where a round has one exchange.</param>
    /// <param name="Model">x_{k+½}, or x_k^q.</param>
    public record Share(long Round, ModelHandle Model) : ModelOfRound(Round, Model);
}
