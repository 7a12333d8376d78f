using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>Messages.</content>
public sealed partial class Modest
{
    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) => kind switch
    {
        1 => new Ping(reader.Number(), reader.Bits()),
        2 => new Pong(reader.Number(), reader.Number(), reader.Number()),
        3 => new TrainOrder(reader.Number(), reader.Model(), reader.Peers(), MembershipView.Read(ref reader)),
        4 => new TrainedModel(reader.Number(), reader.Number(), reader.Model(), reader.Peers(), MembershipView.Read(ref reader)),
        5 => new Acknowledge(reader.Number()),
        6 => new Advertise(reader.Number(), reader.Number(), reader.Flag(), reader.Flag()),
        7 => new ShareView(reader.Number(), reader.Flag(), MembershipView.Read(ref reader)),
        _ => null,
    };

    /// <summary>Are you there? 16 bytes.</summary>
    /// <param name="Round">The sender's estimate of the round.</param>
    /// <param name="Digest">Of the sender's view, to compare; 0 = do not.</param>
    public sealed record Ping(long Round, ulong Digest) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 1;

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Bits(Digest);
        }
    }

    /// <summary>I am. 24 bytes. The last two tell a sender whether its model arrived.</summary>
    /// <param name="Round">The sender's estimate of the round.</param>
    /// <param name="TrainRound">Its k_train.</param>
    /// <param name="AggregateRound">Its k_agg; one less if it lost the models of that round.</param>
    public sealed record Pong(long Round, long TrainRound, long AggregateRound) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 2;

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Number(TrainRound);
            writer.Number(AggregateRound);
        }
    }

    /// <summary>An aggregator hands the model of round k to its sample ("aggregated_model").</summary>
    /// <param name="Round">k.</param>
    /// <param name="Model">θ̄.</param>
    /// <param name="Sample">S_k.</param>
    /// <param name="View">The sender's view.</param>
    public sealed record TrainOrder(long Round, ModelHandle Model, ImmutableArray<PeerId> Sample, MembershipView View) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 3;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Model(Model);
            writer.Peers(Sample);
            View.Write(writer);
        }
    }

    /// <summary>A trainer hands its model to an aggregator of round k ("trained_model").</summary>
    /// <param name="Round">k, the round to aggregate for.</param>
    /// <param name="Base">Round that the model comes from: k − 1, or an earlier one when a lost round is mended.</param>
    /// <param name="Model">θ'.</param>
    /// <param name="Sample">Who else sends one; nobody is known when a lost round is mended.</param>
    /// <param name="View">The sender's view.</param>
    public sealed record TrainedModel(long Round, long Base, ModelHandle Model, ImmutableArray<PeerId> Sample, MembershipView View) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 4;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Number(Base);
            writer.Model(Model);
            writer.Peers(Sample);
            View.Write(writer);
        }
    }

    /// <summary>An aggregator has sent round k on to its sample: trainers may forget their models. 8 bytes.</summary>
    /// <param name="Round">k.</param>
    public sealed record Acknowledge(long Round) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 5;

        /// <inheritdoc/>
        public override void Write(FrameWriter writer) => writer.Number(Round);
    }

    /// <summary>A peer joins or leaves. 18 bytes.</summary>
    /// <param name="Round">The sender's estimate of the round.</param>
    /// <param name="Counter">The sender's membership counter.</param>
    /// <param name="Left">LEAVE, otherwise JOIN.</param>
    /// <param name="WantsView">Whether to answer with a view.</param>
    public sealed record Advertise(long Round, long Counter, bool Left, bool WantsView) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 6;

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Number(Counter);
            writer.Flag(Left);
            writer.Flag(WantsView);
        }
    }

    /// <summary>A view, for who joins or whose digest differs.</summary>
    /// <param name="Round">The sender's estimate of the round.</param>
    /// <param name="Answer">Whether the sender wants the receiver's view, if that knows more.</param>
    /// <param name="View">The sender's view.</param>
    public sealed record ShareView(long Round, bool Answer, MembershipView View) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 7;

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Flag(Answer);
            View.Write(writer);
        }
    }
}
