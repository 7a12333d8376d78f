using System.Buffers.Binary;
using System.Numerics;

using Orleans.Runtime;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>
/// The beginning of a message's header as Orleans 10.4 writes it: flags (4 bytes), correlation id (8), sender, target; what follows is for <see cref="GatewayCalls"/>.
/// A grain id is two texts (type, key), each a length as variable-length number, a hash (4 bytes) and the bytes. Little-endian.
/// </summary>
/// <param name="Direction">1 = request, 2 = response, 3 = one-way.</param>
/// <param name="IsSystemMessage">Whether it claims to be the runtime's own.</param>
/// <param name="HasCacheInvalidation">Whether it tells silos to forget where grains are.</param>
/// <param name="Sender">Who sends it, as it says.</param>
/// <param name="Target">To whom.</param>
/// <param name="Flags">All flags.</param>
/// <param name="Length">How many bytes have been read.</param>
internal readonly record struct GatewayFrame(int Direction, bool IsSystemMessage, bool HasCacheInvalidation, GrainId Sender, GrainId Target, uint Flags, int Length)
{
    public const int Request = 1;
    public const int Response = 2;
    public const int OneWay = 3;

    private const uint SystemMessage = 1 << 0;
    private const uint RequestContext = 1 << 4;
    private const uint InterfaceVersion = 1 << 5;
    private const uint InterfaceType = 1 << 6;
    private const uint CacheInvalidation = 1 << 7;
    private const uint TimeToLive = 1 << 8;
    private const uint ResponseType = 0xF << 20;
    private const int MaxIdBytes = 4096;

    /// <summary>Whether a time to live follows.</summary>
    public bool HasTimeToLive => (Flags & TimeToLive) != 0;

    /// <summary>Whether the interface's name follows.</summary>
    public bool HasInterfaceType => (Flags & InterfaceType) != 0;

    /// <summary>Whether the interface's version follows.</summary>
    public bool HasInterfaceVersion => (Flags & InterfaceVersion) != 0;

    /// <summary>Whether a request context follows.</summary>
    public bool HasRequestContext => (Flags & RequestContext) != 0;

    /// <summary>Whether its body is said to be an answer's.</summary>
    public bool HasResponseType => (Flags & ResponseType) != 0;

    /// <summary>Reads it; null where the bytes are no header.</summary>
    public static GatewayFrame? Read(ReadOnlySpan<byte> header)
    {
        var reader = new Cursor(header);
        if (!reader.TryTake(4 + 8, out ReadOnlySpan<byte> start) || !reader.TryGrainId(out GrainId sender) || !reader.TryGrainId(out GrainId target))
        {
            return null;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(start);
        return new GatewayFrame((int)(flags >> 16) & 0xF, (flags & SystemMessage) != 0, (flags & CacheInvalidation) != 0, sender, target, flags, header.Length - reader.Left);
    }

    private ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public readonly int Left => _rest.Length;

        public bool TryTake(int count, out ReadOnlySpan<byte> taken)
        {
            if (count > _rest.Length)
            {
                taken = default;
                return false;
            }

            taken = _rest[..count];
            _rest = _rest[count..];
            return true;
        }

        public bool TryGrainId(out GrainId id)
        {
            if (TryIdSpan(out IdSpan type) && TryIdSpan(out IdSpan key))
            {
                id = GrainId.Create(new GrainType(type), key);
                return true;
            }

            id = default;
            return false;
        }

        private bool TryIdSpan(out IdSpan id)
        {
            id = default;
            if (!TryVarUInt32(out uint length) || length is 0 or > MaxIdBytes
                || !TryTake(4, out ReadOnlySpan<byte> hash) || !TryTake((int)length, out ReadOnlySpan<byte> text))
            {
                return false;
            }

            // A silo takes the hash as it comes; with a wrong one, one grain would be two.
            id = new IdSpan(text.ToArray());
            return id.GetHashCode() == BinaryPrimitives.ReadInt32LittleEndian(hash);
        }

        // The number of zero bits before the first one, from below, says how many bytes follow the first.
        private bool TryVarUInt32(out uint value)
        {
            value = 0;
            if (_rest.Length == 0)
            {
                return false;
            }

            int length = BitOperations.TrailingZeroCount(_rest[0] | 0x100) + 1;
            if (length > 5 || !TryTake(length, out ReadOnlySpan<byte> bytes))
            {
                return false;
            }

            ulong all = 0;
            for (int i = 0; i < length; i++)
            {
                all |= (ulong)bytes[i] << (8 * i);
            }

            value = (uint)(all >> length);
            return all >> length <= uint.MaxValue;
        }
    }
}
