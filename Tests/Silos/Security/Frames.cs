using System.Buffers.Binary;
using System.Text;

using Orleans.Runtime;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>Messages as a client of Orleans 10.4 puts them on the wire, as far as the gateway's guard reads them.</summary>
internal static class Frames
{
    public const uint Request = 1 << 16;
    public const uint Response = 2 << 16;
    public const uint OneWay = 3 << 16;
    public const uint System = 1;
    public const uint CacheInvalidation = 1 << 7;

    /// <summary>A greeting; what is in it is for Orleans.</summary>
    public static byte[] Preamble { get; } = [5, 0, 0, 0, 1, 2, 3, 4, 5];

    /// <summary>A header: flags, number, sender, target, and the rest.</summary>
    public static byte[] Header(string sender, string target, uint flags)
    {
        using var header = new MemoryStream();
        Write(header, flags);
        header.Write(new byte[8]);
        foreach (string id in (string[])[sender, target])
        {
            int slash = id.IndexOf('/', StringComparison.Ordinal);
            WriteText(header, id[..slash]);
            WriteText(header, id[(slash + 1)..]);
        }

        header.Write("the rest"u8);
        return header.ToArray();
    }

    /// <summary>A whole message with a body of so many bytes.</summary>
    public static byte[] Message(string sender, string target, uint flags, int body)
    {
        byte[] header = Header(sender, target, flags);
        using var message = new MemoryStream();
        Write(message, (uint)header.Length);
        Write(message, (uint)body);
        message.Write(header);
        message.Write(Enumerable.Range(0, body).Select(i => (byte)(i * 31)).ToArray());
        return message.ToArray();
    }

    private static void WriteText(Stream to, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length < 128)
        {
            to.WriteByte((byte)((bytes.Length << 1) | 1));
        }
        else
        {
            to.WriteByte((byte)((bytes.Length << 2) | 2));
            to.WriteByte((byte)(bytes.Length >> 6));
        }

        Write(to, (uint)IdSpan.Create(text).GetHashCode());
        to.Write(bytes);
    }

    private static void Write(Stream to, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }
}
