using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Membership;

/// <summary>
/// The order in which MoDeST samples peers in a round: by MD5(id bytes + "-" + decimal round). Whoever has the same view gets the same
/// order without a word. MD5 serves as a cheap shuffle here, not as a secret.
/// </summary>
public static class HashOrder
{
    /// <summary>These peers in the order of this round; ties (none are known) by id.</summary>
    public static ImmutableArray<PeerId> Sort(IEnumerable<PeerId> peers, long round)
    {
        Span<byte> key = stackalloc byte[PeerId.Size + 21];
        key[PeerId.Size] = (byte)'-';
        Encoding.ASCII.TryGetBytes(round.ToString(CultureInfo.InvariantCulture), key[(PeerId.Size + 1)..], out int digits);
        Span<byte> hash = stackalloc byte[MD5.HashSizeInBytes];
        List<(UInt128 Hash, PeerId Peer)> order = [];
        foreach (PeerId peer in peers)
        {
            BinaryPrimitives.WriteUInt64BigEndian(key, peer.Value);
            MD5.HashData(key[..(PeerId.Size + 1 + digits)], hash);
            order.Add((BinaryPrimitives.ReadUInt128BigEndian(hash), peer));
        }

        order.Sort();
        return [.. order.Select(o => o.Peer)];
    }
}
