using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

using SkiaSharp;

namespace OrleansDDM.Tests.Learning.Data;

/// <summary>Small files in each format, made in memory.</summary>
internal static class SampleFiles
{
    public const int CifarRecord = 3073;

    public static byte[] IdxImages(int count, int height, int width, uint magic = 2051)
    {
        byte[] file = new byte[16 + (count * height * width)];
        Header(file, magic, (uint)count, (uint)height, (uint)width);
        for (int i = 16; i < file.Length; i++)
        {
            file[i] = (byte)(i * 37);
        }

        return file;
    }

    public static byte[] IdxLabels(int count, uint magic = 2049)
    {
        byte[] file = new byte[8 + count];
        Header(file, magic, (uint)count);
        for (int i = 0; i < count; i++)
        {
            file[8 + i] = (byte)(i % 10);
        }

        return file;
    }

    public static void Header(byte[] file, params ReadOnlySpan<uint> words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4 * i), words[i]);
        }
    }

    public static byte[] Gzip(byte[] content)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return target.ToArray();
    }

    public static byte[] CifarBatch(int count, int first = 0)
    {
        byte[] file = new byte[count * CifarRecord];
        for (int i = 0; i < file.Length; i++)
        {
            file[i] = i % CifarRecord == 0 ? (byte)((first + (i / CifarRecord)) % 10) : (byte)((i * 31) + first);
        }

        return file;
    }

    public static byte[] Tar(params ReadOnlySpan<(string Name, byte[] Content)> files)
    {
        using var target = new MemoryStream();
        using (var writer = new TarWriter(target, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }

        return target.ToArray();
    }

    public static byte[] Optdigits(int count)
    {
        var text = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            text.AppendJoin(',', Enumerable.Range(0, 64).Select(p => (p + i) % 17)).Append(',').Append(i % 10).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    public static byte[] Picture(int height, int width, SKColor colour, SKEncodedImageFormat format = SKEncodedImageFormat.Png, bool grey = false)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, grey ? SKColorType.Gray8 : SKColorType.Rgba8888, grey ? SKAlphaType.Opaque : SKAlphaType.Unpremul));
        bitmap.Erase(colour);
        using SKData data = bitmap.Encode(format, 100);
        return data.ToArray();
    }
}

/// <summary>A folder that is deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ddm-data-").FullName;

    public string Write(string name, byte[] content)
    {
        string path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
