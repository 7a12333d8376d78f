using System.Buffers.Binary;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Messages;

/// <summary>Writes the fields of a frame: little endian, fixed sizes, so that byte counts follow formulas.</summary>
public sealed class FrameWriter
{
    private byte[] _bytes = new byte[128];

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>1 byte.</summary>
    public void Byte(byte value) => Room(1)[0] = value;

    /// <summary>1 byte.</summary>
    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    /// <summary>4 bytes: number of elements that follow.</summary>
    public void Count(int value) => BinaryPrimitives.WriteInt32LittleEndian(Room(4), value);

    /// <summary>8 bytes: a round or a counter.</summary>
    public void Number(long value) => BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);

    /// <summary>8 bytes: any bits.</summary>
    public void Bits(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);

    /// <summary>8 bytes.</summary>
    public void Real(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value);

    /// <summary>8 bytes.</summary>
    public void Peer(PeerId value) => Bits(value.Value);

    /// <summary>4 bytes and 8 for each.</summary>
    public void Peers(IReadOnlyCollection<PeerId> values)
    {
        Count(values.Count);
        foreach (PeerId value in values)
        {
            Peer(value);
        }
    }

    /// <summary>32 bytes.</summary>
    public void Model(ModelHandle value) => value.ToBytes().CopyTo(Room(ModelHandle.Size));

    internal Span<byte> Room(int size)
    {
        if (Length + size > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + size));
        }

        Length += size;
        return _bytes.AsSpan(Length - size, size);
    }

    internal Span<byte> At(int offset, int size) => _bytes.AsSpan(offset, size);
}
