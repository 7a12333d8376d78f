using System.Runtime.InteropServices;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// File writes that a power cut or kill -9 cannot tear: a reader sees the old file, the new one, or (for appends) a last line
/// without its line end.
/// </summary>
public static class DurableFile
{
    /// <summary>Writes to <paramref name="temporary"/>, flushes it to the disk, gives it its name and flushes the folder.</summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="temporary">A path on the same volume that nobody else writes.</param>
    /// <param name="bytes">The content.</param>
    public static void Write(string path, string temporary, ReadOnlySpan<byte> bytes)
    {
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Appends one line; a torn last line from before is closed first, so that it spoils no other.</summary>
    public static void AppendLine(string path, ReadOnlySpan<byte> utf8)
    {
        bool isNew = !File.Exists(path);
        using (var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0))
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
            FlushFolder(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Flushes a folder's entries to the disk. .NET opens no folders, so this asks the C library; Windows needs none of it.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = NativeOpen(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open folder '{folder}' to flush it (errno {Marshal.GetLastPInvokeError()}).");
        }

        // Some file systems refuse to flush folders; the rename before is then as durable as they make it.
        _ = NativeFlush(descriptor);
        _ = NativeClose(descriptor);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int NativeOpen([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int NativeFlush(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int NativeClose(int descriptor);
}
