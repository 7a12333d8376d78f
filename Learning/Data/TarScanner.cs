using System.Text;

namespace OrleansDDM.Learning.Data;

/// <summary>
/// Walks over the regular files of a tar stream (POSIX.1-1988 ustar blocks). The platform's reader allocates whatever an
/// extended header claims; this one holds one block of 512 bytes and skips what it does not know.
/// </summary>
internal static class TarScanner
{
    private const int Block = 512;

    /// <summary>Calls <paramref name="visit"/> with the name and length of each file in order.</summary>
    /// <param name="content">The unpacked archive.</param>
    /// <param name="source">Name for messages.</param>
    /// <param name="visit">Reads the file's content from <paramref name="content"/> wholly and returns true, or reads nothing and returns false.</param>
    /// <exception cref="DatasetException">Not a tar stream, or it breaks off.</exception>
    public static void Scan(Stream content, string source, Func<string, long, bool> visit)
    {
        byte[] header = new byte[Block];
        while (true)
        {
            int read = content.ReadAtLeast(header, Block, throwOnEndOfStream: false);
            if (read == 0 || (read == Block && header.AsSpan().IndexOfAnyExcept((byte)0) < 0))
            {
                return;
            }

            if (read < Block || !ChecksumHolds(header))
            {
                throw new DatasetException(source, "is not a tar archive, or is damaged");
            }

            long length = Octal(header.AsSpan(124, 12)) ?? throw new DatasetException(source, "has a tar header with an unreadable size");
            bool consumed = false;
            if (header[156] is (byte)'0' or 0)
            {
                int end = header.AsSpan(0, 100).IndexOf((byte)0);
                consumed = visit(Encoding.ASCII.GetString(header, 0, end < 0 ? 100 : end), length);
            }

            long padding = (Block - (length % Block)) % Block;
            Skip(content, consumed ? padding : length + padding, source);
        }
    }

    private static bool ChecksumHolds(ReadOnlySpan<byte> header)
    {
        long sum = 0;
        for (int i = 0; i < Block; i++)
        {
            sum += i is >= 148 and < 156 ? (byte)' ' : header[i];
        }

        return Octal(header.Slice(148, 8)) == sum;
    }

    private static long? Octal(ReadOnlySpan<byte> field)
    {
        long value = 0;
        foreach (byte b in field.Trim((ReadOnlySpan<byte>)[(byte)' ', 0]))
        {
            if (b is < (byte)'0' or > (byte)'7')
            {
                return null;
            }

            value = (value << 3) | (uint)(b - '0');
        }

        return value;
    }

    private static void Skip(Stream content, long length, string source)
    {
        byte[] buffer = new byte[1 << 14];
        while (length > 0)
        {
            int read = content.Read(buffer, 0, (int)Math.Min(length, buffer.Length));
            if (read == 0)
            {
                throw new DatasetException(source, "is a truncated tar archive");
            }

            length -= read;
        }
    }
}
