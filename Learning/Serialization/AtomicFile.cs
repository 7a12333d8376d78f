using System.Runtime.InteropServices;

namespace OrleansDDM.Learning.Serialization;

/// <summary>
/// Files that are there whole or not at all: written to a temporary sibling, flushed to the disk, renamed over the final
/// name, and the folder flushed, so that a crash or a power cut at any moment leaves the old file or the new one.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Writes <paramref name="bytes"/> to <paramref name="path"/>, replacing what was there.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, ReadOnlyMemory<byte> bytes) => Write(path, stream => stream.Write(bytes.Span));

    /// <summary>Writes what <paramref name="write"/> writes to <paramref name="path"/>, replacing what was there.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? throw new ArgumentException($"'{path}' does not name a file.", nameof(path));
        Write(full, Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp"), write);
    }

    /// <summary>Writes what <paramref name="write"/> writes to <paramref name="path"/>, replacing what was there.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <param name="temporary">Where it is written first: a path on the same volume that nobody else writes.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written; nothing of it stays.</exception>
    public static void Write(string path, string temporary, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        try
        {
            WriteThrough(temporary, write);
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        FlushFolder(Path.GetDirectoryName(full)!);
    }

    /// <summary>
    /// Appends one line and flushes it to the disk. A crash leaves at most a last line without its end; the next append closes it first, so that
    /// it spoils no other. No other process can have the file open at the same time.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written, or is open elsewhere.</exception>
    public static void AppendLine(string path, ReadOnlySpan<byte> utf8)
    {
        bool isNew = !File.Exists(path);
        using (var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0))
        {
            bool torn = false;
            if (stream.Length > 0)
            {
                stream.Seek(-1, SeekOrigin.End);
                torn = stream.ReadByte() != '\n';
            }

            byte[] line = new byte[utf8.Length + (torn ? 2 : 1)];
            utf8.CopyTo(line.AsSpan(torn ? 1 : 0));
            line[0] = torn ? (byte)'\n' : line[0];
            line[^1] = (byte)'\n';
            stream.Seek(0, SeekOrigin.End);
            stream.Write(line);
            stream.Flush(flushToDisk: true);
        }

        if (isNew)
        {
            FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
    }

    /// <summary>Writes a new file and flushes it to the disk.</summary>
    internal static void WriteThrough(string path, Action<Stream> write)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        write(stream);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Flushes the names in a folder to the disk; a no-op on Windows, where renames are journaled.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // .NET opens no handles of folders. Some file systems cannot flush one: that costs durability, not atomicity.
        int handle = OpenFolder(folder, 0);
        if (handle >= 0)
        {
            _ = Flush(handle);
            _ = Close(handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
