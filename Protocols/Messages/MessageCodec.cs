using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Messages;

/// <summary>
/// The one binary form of message bodies and of durable states: magic, version, protocol, kind, CRC-32C of the payload, payload. The
/// simulation counts exactly these bytes; grains send them.
/// </summary>
/// <param name="protocol">The protocol whose messages these are.</param>
/// <param name="maxBytes">Longest frame, header included.</param>
public sealed class MessageCodec(IProtocol protocol, int maxBytes = MessageCodec.DefaultMaxBytes)
{
    /// <summary>Bytes before the payload.</summary>
    public const int HeaderBytes = 8;

    /// <summary>Longest frame unless told otherwise: 1 MiB, a MoDeST view of some 40,000 peers.</summary>
    public const int DefaultMaxBytes = 1 << 20;

    /// <summary>Version of the codec.</summary>
    public const byte Version = 1;

    private const byte Magic = 0xDD;
    private const byte DurableKind = 254;

    /// <summary>The frame of a body.</summary>
    /// <exception cref="InvalidOperationException">The frame would be longer than the limit.</exception>
    public byte[] Encode(MessageBody body) => Seal(body.Kind, body.Write);

    /// <summary>The frame of a durable state.</summary>
    /// <exception cref="InvalidOperationException">The frame would be longer than the limit.</exception>
    public byte[] Encode(DurableState durable) => Seal(DurableKind, durable.Write);

    /// <summary>Reads a frame from the network. It never throws.</summary>
    /// <param name="frame">Bytes of any origin.</param>
    /// <param name="body">The body, if the frame is good.</param>
    /// <param name="fault">Otherwise the reason.</param>
    public bool TryDecode(ReadOnlySpan<byte> frame, [NotNullWhen(true)] out MessageBody? body, out FrameFault fault)
    {
        body = null;
        fault = Open(frame);
        if (fault == FrameFault.None)
        {
            FrameReader reader = new(frame[HeaderBytes..]);
            MessageBody? read = frame[3] >= DurableKind ? null : protocol.ReadBody(frame[3], ref reader);
            fault = read is null ? FrameFault.UnknownKind : Closing(reader);
            body = fault == FrameFault.None ? read : null;
        }

        return body is not null;
    }

    /// <summary>Reads a durable state from storage.</summary>
    /// <exception cref="InvalidDataException">The frame is damaged or of another protocol.</exception>
    public DurableState DecodeDurable(ReadOnlySpan<byte> frame)
    {
        FrameFault fault = Open(frame);
        if (fault == FrameFault.None && frame[3] == DurableKind)
        {
            FrameReader reader = new(frame[HeaderBytes..]);
            DurableState durable = protocol.ReadDurable(ref reader);
            fault = Closing(reader);
            if (fault == FrameFault.None)
            {
                return durable;
            }
        }

        throw new InvalidDataException($"The stored state of a {protocol.Name} peer cannot be read: {fault}. Start the peer without it.");
    }

    private static FrameFault Closing(FrameReader reader) =>
        reader.Failed ? FrameFault.Malformed : reader.Remaining > 0 ? FrameFault.TrailingBytes : FrameFault.None;

    private static uint Checksum(byte kind, ReadOnlySpan<byte> payload)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, kind);
        while (payload.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(payload));
            payload = payload[8..];
        }

        foreach (byte value in payload)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    private byte[] Seal(byte kind, Action<FrameWriter> write)
    {
        FrameWriter writer = new();
        writer.Byte(Magic);
        writer.Byte(Version);
        writer.Byte(protocol.Code);
        writer.Byte(kind);
        writer.Count(0);
        write(writer);
        if (writer.Length > maxBytes)
        {
            throw new InvalidOperationException(
                $"A {protocol.Name} message of {writer.Length} bytes is longer than the limit of {maxBytes}; raise the limit at every peer.");
        }

        BinaryPrimitives.WriteUInt32LittleEndian(writer.At(4, 4), Checksum(kind, writer.Written[HeaderBytes..]));
        return writer.Written.ToArray();
    }

    private FrameFault Open(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < HeaderBytes)
        {
            return FrameFault.TooShort;
        }

        if (frame.Length > maxBytes)
        {
            return FrameFault.TooLong;
        }

        if (frame[0] != Magic)
        {
            return FrameFault.WrongMagic;
        }

        if (frame[1] != Version)
        {
            return FrameFault.WrongVersion;
        }

        if (frame[2] != protocol.Code)
        {
            return FrameFault.WrongProtocol;
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) == Checksum(frame[3], frame[HeaderBytes..])
            ? FrameFault.None
            : FrameFault.WrongChecksum;
    }
}
