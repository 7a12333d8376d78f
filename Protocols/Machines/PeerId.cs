using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansDDM.Protocols.Machines;

/// <summary>Name of a peer: 64 bits, the same in every silo and every process. Simulations number their peers from 0.</summary>
/// <param name="Value">The bits; also the order of peers.</param>
public readonly record struct PeerId(ulong Value) : IComparable<PeerId>
{
    /// <summary>Bytes that a peer id takes on the wire.</summary>
    public const int Size = 8;

    /// <summary>The id that belongs to a public key: the first 8 bytes of its SHA-256, big endian.</summary>
    public static PeerId FromKey(ReadOnlySpan<byte> publicKey) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(publicKey)));

    /// <inheritdoc/>
    public int CompareTo(PeerId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => $"peer-{Value:x}";
}
