using System;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies a 64-bit little-endian ELF library and sets VER_FLG_WEAK on one version need of the copy, so that the dynamic
/// loader accepts a system library that lacks the version. (ELF gABI, section "Symbol Versioning" of the LSB.)
/// </summary>
public class WeakenVersionNeed : Task
{
    private const uint VersionNeedSection = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 2;                      // VER_FLG_WEAK

    public string Source { get; set; }
    public string Destination { get; set; }
    public string Version { get; set; }

    public override bool Execute()
    {
        byte[] file = File.ReadAllBytes(Source);
        if (file.Length < 64 || file[0] != 0x7f || file[1] != 'E' || file[2] != 'L' || file[3] != 'F' || file[4] != 2 || file[5] != 1)
        {
            Log.LogError("{0} is not a 64-bit little-endian ELF library.", Source);
            return false;
        }

        int found = Weaken(file);
        if (found == 0)
        {
            Log.LogMessage(MessageImportance.Normal, "{0} does not need {1}: copied as it is.", Source, Version);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        if (File.Exists(Destination) && File.ReadAllBytes(Destination).SequenceEqual(file))
        {
            File.SetLastWriteTimeUtc(Destination, DateTime.UtcNow);
            return true;
        }

        // The projects of one build race here, and one may link to the file while another writes it: never a moment without it.
        string temporary = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, file);
        if (File.Exists(Destination))
        {
            File.Replace(temporary, Destination, null);
            return true;
        }

        try
        {
            File.Move(temporary, Destination);
        }
        catch (IOException) when (File.Exists(Destination))
        {
            File.Delete(temporary); // another project was first with the same bytes
        }

        return true;
    }

    private int Weaken(byte[] file)
    {
        int found = 0;
        long sections = BitConverter.ToInt64(file, 0x28);
        int entrySize = BitConverter.ToUInt16(file, 0x3a);
        int count = BitConverter.ToUInt16(file, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int header = checked((int)(sections + (long)i * entrySize));
            if (BitConverter.ToUInt32(file, header + 4) != VersionNeedSection)
            {
                continue;
            }

            int need = checked((int)BitConverter.ToInt64(file, header + 0x18));
            int needs = BitConverter.ToInt32(file, header + 0x2c);
            int stringsHeader = checked((int)(sections + (long)BitConverter.ToInt32(file, header + 0x28) * entrySize));
            int strings = checked((int)BitConverter.ToInt64(file, stringsHeader + 0x18));
            for (int n = 0; n < needs; n++)
            {
                int auxiliaries = BitConverter.ToUInt16(file, need + 2);
                int auxiliary = need + BitConverter.ToInt32(file, need + 8);
                for (int a = 0; a < auxiliaries; a++)
                {
                    if (NameAt(file, strings + BitConverter.ToInt32(file, auxiliary + 8)) == Version)
                    {
                        ushort flags = (ushort)(BitConverter.ToUInt16(file, auxiliary + 4) | Weak);
                        BitConverter.GetBytes(flags).CopyTo(file, auxiliary + 4);
                        found++;
                    }

                    auxiliary += BitConverter.ToInt32(file, auxiliary + 12);
                }

                need += BitConverter.ToInt32(file, need + 12);
            }
        }

        return found;
    }

    private static string NameAt(byte[] file, int offset)
    {
        int end = Array.IndexOf(file, (byte)0, offset);
        return Encoding.ASCII.GetString(file, offset, end - offset);
    }
}
