using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>Messages.</content>
public sealed partial class DadaoRounds
{
    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) => kind switch
    {
        1 => new Propose(reader.Number()),
        2 => new Accept(reader.Number(), reader.Number(), reader.Model()),
        3 => new Commit(reader.Number(), reader.Model()),
        4 => new Done(reader.Number()),
        5 => new Abort(reader.Number()),
        6 => new Ask(reader.Number()),
        _ => null,
    };

    /// <summary>A message that is only a number. 8 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public abstract record Numbered(long Number) : MessageBody
    {
        /// <inheritdoc/>
        public override void Write(FrameWriter writer) => writer.Number(Number);
    }

    /// <summary>i → j: shall we exchange? The number is i's run-relative clock in ticks.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public sealed record Propose(long Number) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 1;
    }

    /// <summary>j → i: yes, at τ; j is locked until it knows the end. 48 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    /// <param name="At">τ in ticks.</param>
    /// <param name="Sum">s_j = y_j + z_j at τ.</param>
    public sealed record Accept(long Number, long At, ModelHandle Sum) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 2;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Sum];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            base.Write(writer);
            writer.Number(At);
            writer.Model(Sum);
        }
    }

    /// <summary>i → j: it happened. 40 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    /// <param name="Sum">s_i = y_i + z_i at τ.</param>
    public sealed record Commit(long Number, ModelHandle Sum) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 3;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Sum];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            base.Write(writer);
            writer.Model(Sum);
        }
    }

    /// <summary>j → i: applied; i may forget s_i.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public sealed record Done(long Number) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 4;
    }

    /// <summary>Either way: it does not happen.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public sealed record Abort(long Number) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 5;
    }

    /// <summary>j → i: what became of it?</summary>
    /// <param name="Number">Number of the exchange.</param>
    public sealed record Ask(long Number) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 6;
    }
}
