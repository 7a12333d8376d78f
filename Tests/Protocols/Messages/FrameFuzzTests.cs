using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Messages;

/// <summary>Frames of every protocol whose checksum is right, so that the readers of their bodies see what a peer may put in: nothing but a body or a refusal comes out.</summary>
public sealed class FrameFuzzTests
{
    // A body of a few fields takes some 2 kB; a length that the frame claims could take up to 2 GiB.
    private const long MostBytes = 64 * 1024;

    public static TheoryData<string> Protocols => [.. ProtocolCatalog.Names];

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Random_bodies_never_throw_and_never_allocate_what_they_claim(string name)
    {
        var codec = new MessageCodec(ProtocolCatalog.Create(name));
        CounterStream random = new(1, "fuzz");
        int accepted = 0, count = FuzzInputs.AtLeast(20_000);
        codec.TryDecode(codec.Encode(new Raw(1, [])), out _, out _); // What is allocated once is not counted.
        for (int i = 0; i < count; i++)
        {
            byte[] payload = new byte[random.Below(120)];
            for (int b = 0; b < payload.Length; b++)
            {
                payload[b] = random.Unit() < 0.5 ? (byte)0 : (byte)random.Bits();
            }

            byte[] frame = codec.Encode(new Raw((byte)random.Below(10), payload));
            long before = GC.GetAllocatedBytesForCurrentThread();
            bool read = codec.TryDecode(frame, out MessageBody? body, out _);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
            if (read)
            {
                Assert.Equal(frame, codec.Encode(body!));
                accepted++;
            }
        }

        Assert.InRange(accepted, 1, count / 10);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Random_durable_states_are_read_or_refused_by_name(string name)
    {
        var codec = new MessageCodec(ProtocolCatalog.Create(name));
        var random = new Random(2);
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            byte[] payload = new byte[random.Next(200)];
            random.NextBytes(payload);
            for (int b = 0; b < payload.Length; b++)
            {
                payload[b] = random.Next(4) > 0 ? (byte)0 : payload[b];
            }

            byte[] frame = codec.Encode(new Stored(payload));
            Exception? fault = Record.Exception(() => codec.DecodeDurable(frame));
            Assert.True(fault is null or InvalidDataException, fault?.ToString());
        }
    }

    private sealed record Raw(byte Number, byte[] Bytes) : MessageBody
    {
        public override byte Kind => Number;

        public override void Write(FrameWriter writer) => Array.ForEach(Bytes, writer.Byte);
    }

    private sealed record Stored(byte[] Bytes) : DurableState
    {
        public override void Write(FrameWriter writer) => Array.ForEach(Bytes, writer.Byte);
    }
}
