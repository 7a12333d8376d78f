using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>State and messages.</content>
public sealed partial class FedAvg
{
    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) => kind switch
    {
        1 => new Order(reader.Number(), reader.Number(), reader.Model()),
        2 => new Update(reader.Number(), reader.Number(), reader.Number(), reader.Model()),
        _ => null,
    };

    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader) => new Saved(reader.Number(), reader.Number(), reader.Model());

    /// <summary>Survives a crash. Clients hold nothing of worth.</summary>
    /// <param name="Round">t.</param>
    /// <param name="Attempt">Samples drawn so far.</param>
    /// <param name="Model">w_t.</param>
    public sealed record Saved(long Round, long Attempt, ModelHandle Model) : DurableState
    {
        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Number(Attempt);
            writer.Model(Model);
        }
    }

    /// <summary>Lost in a crash.</summary>
    public sealed record Live : VolatileState
    {
        /// <summary>Server: S_t.</summary>
        public ImmutableArray<PeerId> Sample { get; init; } = [];

        /// <summary>Server: what came back.</summary>
        public ImmutableSortedDictionary<PeerId, Update> Updates { get; init; } = ImmutableSortedDictionary<PeerId, Update>.Empty;

        /// <summary>Server: samples drawn in vain for this round.</summary>
        public int Retries { get; init; }

        /// <summary>Server: work number of the aggregation, or 0.</summary>
        public long Aggregating { get; init; }

        /// <summary>Client: the last order.</summary>
        public Order? Order { get; init; }

        /// <summary>Client: work number of the training, or 0.</summary>
        public long Training { get; init; }

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => Updates.Values.SelectMany(u => u.Models).Concat(Order?.Models ?? []);
    }

    /// <summary>The server asks for an update. 48 bytes.</summary>
    /// <param name="Round">t.</param>
    /// <param name="Attempt">Which sample of the run.</param>
    /// <param name="Model">w_t.</param>
    public sealed record Order(long Round, long Attempt, ModelHandle Model) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 1;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Number(Attempt);
            writer.Model(Model);
        }
    }

    /// <summary>A client's answer. 56 bytes.</summary>
    /// <param name="Round">t of the order.</param>
    /// <param name="Attempt">Sample of the order.</param>
    /// <param name="Samples">n_k.</param>
    /// <param name="Model">w^k_{t+1}.</param>
    public sealed record Update(long Round, long Attempt, long Samples, ModelHandle Model) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 2;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Number(Attempt);
            writer.Number(Samples);
            writer.Model(Model);
        }
    }
}
