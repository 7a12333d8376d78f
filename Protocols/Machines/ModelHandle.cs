using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OrleansDDM.Protocols.Machines;

/// <summary>
/// Opaque name of a model, 32 bytes. On grains it is an artifact's SHA-256; a simulated task may count them up. Protocols compare and
/// pass handles; they never look inside.
/// </summary>
/// <param name="A">First 8 bytes.</param>
/// <param name="B">Second 8 bytes.</param>
/// <param name="C">Third 8 bytes.</param>
/// <param name="D">Last 8 bytes.</param>
public readonly record struct ModelHandle(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Bytes that a handle takes on the wire.</summary>
    public const int Size = 32;

    /// <summary>No model.</summary>
    public static ModelHandle None => default;

    /// <summary>Whether this is <see cref="None"/>.</summary>
    public bool IsNone => this == default;

    /// <summary>The handle of these contents: their SHA-256.</summary>
    public static ModelHandle OfContent(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(content, hash);
        return MemoryMarshal.Read<ModelHandle>(hash);
    }

    /// <summary>Reads a handle from 32 bytes, e.g. an artifact's hash.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static ModelHandle FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? MemoryMarshal.Read<ModelHandle>(bytes)
        : throw new ArgumentException($"A model handle is {Size} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes() => MemoryMarshal.AsBytes(new ReadOnlySpan<ModelHandle>(in this)).ToArray();

    /// <inheritdoc/>
    public override string ToString() => IsNone ? "none" : Convert.ToHexStringLower(ToBytes());
}
