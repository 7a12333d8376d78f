using System.Buffers.Binary;
using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Messages;

/// <summary>
/// Reads the fields of a frame. It never throws: the first field that is missing or out of range makes <see cref="Failed"/> true and
/// every further one 0. Nothing is allocated for a length that the frame cannot hold.
/// </summary>
public ref struct FrameReader
{
    /// <summary>Largest round or counter: a frame cannot push a peer to the end of its numbers.</summary>
    public const long MaxNumber = 1L << 48;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads from these bytes.</summary>
    public FrameReader(ReadOnlySpan<byte> bytes) => _rest = bytes;

    /// <summary>Whether a field was missing or out of range.</summary>
    public bool Failed { get; private set; }

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>1 byte.</summary>
    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    /// <summary>1 byte, 0 or 1.</summary>
    public bool Flag()
    {
        byte value = Byte();
        Failed |= value > 1;
        return value == 1;
    }

    /// <summary>4 bytes: a number of elements of at least <paramref name="elementSize"/> bytes that the frame still holds.</summary>
    public int Count(int elementSize)
    {
        ReadOnlySpan<byte> bytes = Take(4);
        int value = bytes.IsEmpty ? 0 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (value < 0 || (long)value * elementSize > _rest.Length)
        {
            Failed = true;
            return 0;
        }

        return value;
    }

    /// <summary>8 bytes: 0 .. <see cref="MaxNumber"/>.</summary>
    public long Number()
    {
        ulong value = Bits();
        if (value > MaxNumber)
        {
            Failed = true;
            return 0;
        }

        return (long)value;
    }

    /// <summary>8 bytes: any bits.</summary>
    public ulong Bits()
    {
        ReadOnlySpan<byte> bytes = Take(8);
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>8 bytes: a finite number, not negative.</summary>
    public double Real()
    {
        double value = BitConverter.UInt64BitsToDouble(Bits());
        if (!double.IsFinite(value) || value < 0)
        {
            Failed = true;
            return 0;
        }

        return value;
    }

    /// <summary>8 bytes.</summary>
    public PeerId Peer() => new(Bits());

    /// <summary>4 bytes and 8 for each: different peers.</summary>
    public ImmutableArray<PeerId> Peers()
    {
        int count = Count(PeerId.Size);
        ImmutableArray<PeerId>.Builder peers = ImmutableArray.CreateBuilder<PeerId>(count);
        HashSet<PeerId> seen = new(count);
        for (int i = 0; i < count; i++)
        {
            PeerId peer = Peer();
            Failed |= !seen.Add(peer);
            peers.Add(peer);
        }

        return peers.MoveToImmutable();
    }

    /// <summary>32 bytes: a model, never none.</summary>
    public ModelHandle Model()
    {
        ReadOnlySpan<byte> bytes = Take(ModelHandle.Size);
        ModelHandle model = bytes.IsEmpty ? default : ModelHandle.FromBytes(bytes);
        Failed |= model.IsNone;
        return model;
    }

    /// <summary>Marks the frame as malformed, for rules that only a protocol knows.</summary>
    public void Refuse() => Failed = true;

    private ReadOnlySpan<byte> Take(int size)
    {
        if (Failed || _rest.Length < size)
        {
            Failed = true;
            return [];
        }

        ReadOnlySpan<byte> taken = _rest[..size];
        _rest = _rest[size..];
        return taken;
    }
}
