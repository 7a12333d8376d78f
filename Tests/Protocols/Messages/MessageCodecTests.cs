using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Messages;

public sealed class MessageCodecTests
{
    private static readonly IProtocol Protocol = new Modest(new ModestOptions());
    private static readonly MessageCodec Codec = new(Protocol);
    private static readonly ModelHandle Model = ModelHandle.OfContent([1, 2, 3]);
    private static readonly MembershipView View = MembershipView.Of([new(1), new(7), new(9)]).Touch(new(7), 12);

    private static MessageBody[] Bodies =>
    [
        new Modest.Ping(3, 99), new Modest.Pong(3, 2, 1), new Modest.TrainOrder(5, Model, [new(1), new(9)], View),
        new Modest.TrainedModel(6, 5, Model, [], View), new Modest.Acknowledge(6), new Modest.Advertise(6, 2, true, false), new Modest.ShareView(6, true, View),
    ];

    [Fact]
    public void Every_body_comes_back_as_it_was()
    {
        foreach (MessageBody body in Bodies)
        {
            byte[] frame = Codec.Encode(body);

            Assert.True(Codec.TryDecode(frame, out MessageBody? read, out FrameFault fault), fault.ToString());
            Assert.IsType(body.GetType(), read);
            Assert.Equal(frame, Codec.Encode(read));
        }
    }

    [Fact]
    public void Sizes_follow_the_documented_formula()
    {
        Assert.Equal([24, 32, 8 + 8 + 32 + 4 + 16 + 4 + 75, 8 + 16 + 32 + 4 + 4 + 75, 16, 26, 8 + 9 + 4 + 75], Bodies.Select(b => Codec.Encode(b).Length));
    }

    [Fact]
    public void Every_flipped_bit_and_every_cut_is_refused()
    {
        foreach (byte[] frame in Bodies.Select(b => Codec.Encode(b)))
        {
            for (int bit = 0; bit < frame.Length * 8; bit++)
            {
                byte[] damaged = (byte[])frame.Clone();
                damaged[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(Codec.TryDecode(damaged, out _, out _));
            }

            for (int length = 0; length < frame.Length; length++)
            {
                Assert.False(Codec.TryDecode(frame.AsSpan(0, length), out _, out _));
            }

            Assert.False(Codec.TryDecode([.. frame, 0], out _, out _));
        }
    }

    [Fact]
    public void Faults_are_named()
    {
        byte[] ping = Codec.Encode(new Modest.Ping(3, 99));
        Assert.Equal(FrameFault.TooShort, Fault(ping[..7]));
        Assert.Equal(FrameFault.TooLong, Fault(new byte[MessageCodec.DefaultMaxBytes + 1]));
        Assert.Equal(FrameFault.WrongMagic, Fault(Changed(ping, 0, 1)));
        Assert.Equal(FrameFault.WrongVersion, Fault(Changed(ping, 1, 2)));
        Assert.Equal(FrameFault.WrongProtocol, Fault(new MessageCodec(new Dpsgd(new())).Encode(new Dpsgd.Share(1, Model))));
        Assert.Equal(FrameFault.WrongChecksum, Fault(Changed(ping, 9, 77)));
        Assert.Equal(FrameFault.UnknownKind, Fault(Codec.Encode(new LeaveRequest())));
        Assert.Equal(FrameFault.Malformed, Fault(Codec.Encode(new Modest.Acknowledge(-1))));
        Assert.Equal(FrameFault.Malformed, Fault(Codec.Encode(new Modest.Acknowledge(FrameReader.MaxNumber + 1))));
        Assert.Equal(FrameFault.Malformed, Fault(Codec.Encode(new Modest.TrainOrder(1, default, [], View))));
        Assert.Equal(FrameFault.Malformed, Fault(Codec.Encode(new Modest.TrainOrder(1, Model, [new(1), new(1)], View))));
        Assert.Equal(FrameFault.Malformed, Fault(Codec.Encode(new Lie(3))));
        Assert.Equal(FrameFault.TrailingBytes, Fault(Codec.Encode(new Lie(1))));
        Assert.Equal(FrameFault.UnknownKind, Fault(Codec.Encode(new Lie(200))));
    }

    [Fact]
    public void Durable_state_comes_back_and_a_damaged_one_is_an_error()
    {
        Modest.Saved saved = new() { Counter = 4, TrainRound = 7, AggregateRound = 6, LastRound = 7, LastModel = Model, View = View };
        byte[] frame = Codec.Encode(saved);

        Assert.Equal(frame, Codec.Encode(Codec.DecodeDurable(frame)));
        frame[20] ^= 1;
        Assert.Contains("WrongChecksum", Assert.Throws<InvalidDataException>(() => Codec.DecodeDurable(frame)).Message);
        Assert.Equal(FrameFault.UnknownKind, Fault(Codec.Encode(saved)));
    }

    [Fact]
    public void Message_longer_than_the_limit_is_not_sent()
    {
        MessageCodec small = new(Protocol, 40);
        Assert.Contains("40", Assert.Throws<InvalidOperationException>(() => small.Encode(new Modest.ShareView(1, false, View))).Message);
    }

    private static byte[] Changed(byte[] frame, int at, byte value)
    {
        byte[] changed = (byte[])frame.Clone();
        changed[at] = value;
        return changed;
    }

    private static FrameFault Fault(byte[] frame)
    {
        Assert.False(Codec.TryDecode(frame, out _, out FrameFault fault));
        return fault;
    }

    /// <summary>Sixteen bytes and one more, under any kind; as a TrainOrder its model is cut off.</summary>
    private sealed record Lie(byte Number) : MessageBody
    {
        public override byte Kind => Number;

        public override void Write(FrameWriter writer)
        {
            writer.Number(1);
            writer.Number(1);
            writer.Byte(1);
        }
    }
}
