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
        2 => new Accept(reader.Number(), reader.Model()),
        3 => new Commit(reader.Number(), reader.Model()),
        4 => new Done(reader.Number()),
        5 => new Abort(reader.Number()),
        6 => new Ask(reader.Number()),
        7 => new Undecided(reader.Number()),
        _ => null,
    };

    /// <summary>A message that is only a number. 8 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public abstract record Numbered(long Number) : MessageBody
    {
        /// <inheritdoc/>
        public override void Write(FrameWriter writer) => writer.Number(Number);
    }

    /// <summary>A number and one end's y + z. 40 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    /// <param name="Sum">y + z.</param>
    public abstract record Summed(long Number, ModelHandle Sum) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Sum];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            base.Write(writer);
            writer.Model(Sum);
        }
    }

    /// <summary>i → j: shall we exchange? The number is i's run-relative clock in ticks.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public sealed record Propose(long Number) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 1;
    }

    /// <summary>j → i: yes; j is locked until it knows the end. 40 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    /// <param name="Sum">s_j = y_j + z_j.</param>
    public sealed record Accept(long Number, ModelHandle Sum) : Summed(Number, Sum)
    {
        /// <inheritdoc/>
        public override byte Kind => 2;
    }

    /// <summary>i → j: it happened. 40 bytes.</summary>
    /// <param name="Number">Number of the exchange.</param>
    /// <param name="Sum">s_i = y_i + z_i.</param>
    public sealed record Commit(long Number, ModelHandle Sum) : Summed(Number, Sum)
    {
        /// <inheritdoc/>
        public override byte Kind => 3;
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

    /// <summary>i → j: i is still at it, e.g. locked by another exchange; j goes on waiting.</summary>
    /// <param name="Number">Number of the exchange.</param>
    public sealed record Undecided(long Number) : Numbered(Number)
    {
        /// <inheritdoc/>
        public override byte Kind => 7;
    }
}
