using System.IO.Compression;

namespace OrleansDDM.Learning.Data;

/// <summary>Reads files of which neither the header nor the compression can be trusted: memory follows the bytes that arrive, not those announced.</summary>
internal static class BoundedReader
{
    // Deflate cannot expand by more than 1032:1 (a 258-byte match in two bits).
    private const long LargestExpansion = 1032;
    private const int FirstChunk = 1 << 20;

    /// <summary>Opens a file, or reports it as a <see cref="DatasetException"/>.</summary>
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(path, "cannot be opened: " + e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>The content of <paramref name="raw"/>, unpacked when it starts with gzip's magic, and the most bytes that it can hold.</summary>
    public static (Stream Content, long Limit) Unpack(Stream raw)
    {
        int first = raw.ReadByte();
        int second = raw.ReadByte();
        raw.Position = 0;
        return first == 0x1F && second == 0x8B
            ? (new GZipStream(raw, CompressionMode.Decompress, leaveOpen: true), (raw.Length * LargestExpansion) + 1024)
            : (raw, raw.Length);
    }

    /// <summary>Reads exactly <paramref name="length"/> bytes.</summary>
    /// <param name="content">Where to read.</param>
    /// <param name="length">Announced number of bytes.</param>
    /// <param name="limit">The most bytes that can be there.</param>
    /// <param name="source">Name for messages.</param>
    /// <exception cref="DatasetException">There are fewer.</exception>
    public static byte[] ReadExactly(Stream content, long length, long limit, string source)
    {
        if (length > limit || length > Array.MaxLength)
        {
            throw new DatasetException(source, $"is truncated or its header lies: {length} bytes are announced, at most {Math.Min(limit, Array.MaxLength)} are possible");
        }

        byte[] buffer = new byte[(int)Math.Min(length, FirstChunk)];
        int filled = 0;
        while (true)
        {
            int read = content.ReadAtLeast(buffer.AsSpan(filled), buffer.Length - filled, throwOnEndOfStream: false);
            filled += read;
            if (filled < buffer.Length)
            {
                throw new DatasetException(source, $"is truncated: {length} bytes are announced, {filled} are there");
            }

            if (filled == length)
            {
                return buffer;
            }

            Array.Resize(ref buffer, (int)Math.Min(length, 2L * buffer.Length));
        }
    }

    /// <summary>Refuses bytes after the announced end.</summary>
    public static void ExpectEnd(Stream content, string source)
    {
        if (content.ReadByte() >= 0)
        {
            throw new DatasetException(source, "is longer than its header says");
        }
    }

    /// <summary>Runs <paramref name="read"/>; errors of the file system and of the unpacking become a <see cref="DatasetException"/>.</summary>
    public static T Guard<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new DatasetException(source, "cannot be read: " + e.Message.TrimEnd('.'), e);
        }
    }
}
