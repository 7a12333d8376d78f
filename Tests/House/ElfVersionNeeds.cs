using System.Buffers.Binary;
using System.Text;

namespace OrleansDDM.Tests.House;

/// <summary>
/// The symbol versions that a 64-bit little-endian ELF library needs, read as the dynamic loader does: from the dynamic
/// segment (DT_VERNEED), not from the section table.
/// </summary>
internal static class ElfVersionNeeds
{
    private const int Load = 1, Dynamic = 2;                                                 // p_type
    private const long StringTable = 5, VersionNeed = 0x6ffffffe, VersionNeedCount = 0x6fffffff; // d_tag
    private const int WeakFlag = 2;                                                          // VER_FLG_WEAK

    /// <summary>Each needed version, and whether the need is weak. The same name may be needed of several libraries.</summary>
    public static IReadOnlyList<(string Library, string Version, bool Weak)> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var segments = new List<(long Type, long Offset, long Address, long Size)>();
        long programHeaders = Long(file, 0x20);
        for (int i = 0; i < Short(file, 0x38); i++)
        {
            long at = programHeaders + (i * (long)Short(file, 0x36));
            segments.Add((Int(file, at), Long(file, at + 8), Long(file, at + 16), Long(file, at + 32)));
        }

        long OffsetOf(long address)
        {
            (_, long offset, long start, _) = segments.Single(s => s.Type == Load && address >= s.Address && address < s.Address + s.Size);
            return address - start + offset;
        }

        (_, long dynamic, _, long size) = segments.Single(s => s.Type == Dynamic);
        var tags = new Dictionary<long, long>();
        for (long at = dynamic; at < dynamic + size && Long(file, at) != 0; at += 16)
        {
            tags[Long(file, at)] = Long(file, at + 8);
        }

        long strings = OffsetOf(tags[StringTable]);
        long need = OffsetOf(tags[VersionNeed]);
        var found = new List<(string, string, bool)>();
        for (long n = 0; n < tags[VersionNeedCount]; n++)
        {
            long version = need + Int(file, need + 8);
            for (int i = 0; i < Short(file, need + 2); i++)
            {
                bool weak = (Short(file, version + 4) & WeakFlag) != 0;
                found.Add((Text(file, strings + Int(file, need + 4)), Text(file, strings + Int(file, version + 8)), weak));
                version += Int(file, version + 12);
            }

            need += Int(file, need + 12);
        }

        return found;
    }

    private static int Short(byte[] file, long at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan((int)at));

    private static long Int(byte[] file, long at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan((int)at));

    private static long Long(byte[] file, long at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan((int)at));

    private static string Text(byte[] file, long at)
    {
        ReadOnlySpan<byte> rest = file.AsSpan((int)at);
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
