using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OrleansDDM.Protocols.Compression;

/// <summary>
/// The compressed form of a vector of floats, little endian: kind (1 byte), number of elements (4), then by kind
/// <code>
/// none    4 bytes an element                                       5 + 4n
/// bf16    upper half of each float, rounded to nearest even        5 + 2n
/// int8    block size (4); per block scale (4) and a byte each      9 + 4⌈n/B⌉ + n
/// top-k   k (4); k indices ascending (4 each); k floats            9 + 8k
/// </code>
/// Pure functions. NaN and infinity are refused: they would spread through every average.
/// </summary>
public static class UpdateCodec
{
    private const int HeaderBytes = 5;

    /// <summary>Bytes of the compressed form of so many elements.</summary>
    public static long EncodedBytes(int count, CompressionOptions options) => options.Kind switch
    {
        "bf16" => HeaderBytes + (2L * count),
        "int8" => HeaderBytes + 4 + (4L * ((count + options.Block - 1) / options.Block)) + count,
        "top-k" => HeaderBytes + 4 + (8L * options.Kept(count)),
        _ => HeaderBytes + (4L * count),
    };

    /// <summary>Compresses.</summary>
    /// <exception cref="ArgumentException">An element is not finite.</exception>
    public static byte[] Encode(ReadOnlySpan<float> values, CompressionOptions options)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new ArgumentException("An update with NaN or infinity cannot be sent.", nameof(values));
            }
        }

        byte[] bytes = new byte[EncodedBytes(values.Length, options)];
        bytes[0] = (byte)Math.Max(0, CompressionOptions.Kinds.ToList().IndexOf(options.Kind));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), values.Length);
        Span<byte> body = bytes.AsSpan(HeaderBytes);
        switch (options.Kind)
        {
            case "bf16":
                WriteHalves(values, body);
                break;
            case "int8":
                WriteBlocks(values, options.Block, body);
                break;
            case "top-k":
                WriteLargest(values, options.Kept(values.Length), body);
                break;
            default:
                MemoryMarshal.AsBytes(values).CopyTo(body);
                break;
        }

        return bytes;
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <param name="bytes">Bytes of any origin.</param>
    /// <param name="expected">Number of elements that there must be.</param>
    /// <exception cref="InvalidDataException">They are not that: another length, an index out of order, a number that is not finite.</exception>
    public static float[] Decode(ReadOnlySpan<byte> bytes, int expected)
    {
        if (bytes.Length < HeaderBytes || bytes[0] >= CompressionOptions.Kinds.Count || BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]) != expected)
        {
            throw Bad($"it is not an update of {expected} elements");
        }

        float[] values = new float[expected];
        ReadOnlySpan<byte> body = bytes[HeaderBytes..];
        switch (bytes[0])
        {
            case 1:
                ReadHalves(body, values);
                break;
            case 2:
                ReadBlocks(body, values);
                break;
            case 3:
                ReadLargest(body, values);
                break;
            default:
                Require(body.Length == 4 * expected);
                body.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                break;
        }

        return Array.TrueForAll(values, float.IsFinite) ? values : throw Bad("a number in it is not finite");
    }

    private static void WriteHalves(ReadOnlySpan<float> values, Span<byte> body)
    {
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            uint rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;

            // The largest floats would round to infinity; they become the largest bfloat16.
            rounded = (rounded & 0x7FFF) == 0x7F80 ? rounded - 1 : rounded;
            BinaryPrimitives.WriteUInt16LittleEndian(body[(2 * i)..], (ushort)rounded);
        }
    }

    private static void ReadHalves(ReadOnlySpan<byte> body, float[] values)
    {
        Require(body.Length == 2 * values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(body[(2 * i)..]) << 16);
        }
    }

    private static void WriteBlocks(ReadOnlySpan<float> values, int block, Span<byte> body)
    {
        BinaryPrimitives.WriteInt32LittleEndian(body, block);
        body = body[4..];
        for (int from = 0; from < values.Length; from += block)
        {
            ReadOnlySpan<float> part = values[from..Math.Min(values.Length, from + block)];
            float largest = 0;
            foreach (float value in part)
            {
                largest = Math.Max(largest, Math.Abs(value));
            }

            float scale = largest / 127;
            BinaryPrimitives.WriteSingleLittleEndian(body, scale);
            for (int i = 0; i < part.Length; i++)
            {
                double level = scale > 0 ? Math.Round(part[i] / (double)scale) : 0;
                body[4 + i] = (byte)(sbyte)Math.Clamp(level, -127, 127);
            }

            body = body[(4 + part.Length)..];
        }
    }

    private static void ReadBlocks(ReadOnlySpan<byte> body, float[] values)
    {
        Require(body.Length >= 4);
        int block = BinaryPrimitives.ReadInt32LittleEndian(body);
        Require(block is >= 1 and <= 65536 && body.Length == 4 + (4L * ((values.Length + block - 1) / block)) + values.Length);
        body = body[4..];
        for (int from = 0; from < values.Length; from += block)
        {
            int length = Math.Min(block, values.Length - from);
            float scale = BinaryPrimitives.ReadSingleLittleEndian(body);
            for (int i = 0; i < length; i++)
            {
                values[from + i] = scale * (sbyte)body[4 + i];
            }

            body = body[(4 + length)..];
        }
    }

    private static void WriteLargest(ReadOnlySpan<float> values, int count, Span<byte> body)
    {
        float[] sizes = new float[values.Length];
        int[] order = new int[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            (sizes[i], order[i]) = (-Math.Abs(values[i]), i);
        }

        // Ties go to the lower index.
        Array.Sort(order, (a, b) => sizes[a] != sizes[b] ? sizes[a].CompareTo(sizes[b]) : a.CompareTo(b));
        int[] kept = order[..count];
        Array.Sort(kept);
        BinaryPrimitives.WriteInt32LittleEndian(body, count);
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(body[(4 + (4 * i))..], kept[i]);
            BinaryPrimitives.WriteSingleLittleEndian(body[(4 + (4 * count) + (4 * i))..], values[kept[i]]);
        }
    }

    private static void ReadLargest(ReadOnlySpan<byte> body, float[] values)
    {
        Require(body.Length >= 4);
        int count = BinaryPrimitives.ReadInt32LittleEndian(body);
        Require(count >= 0 && count <= values.Length && body.Length == 4 + (8L * count));
        int last = -1;
        for (int i = 0; i < count; i++)
        {
            int index = BinaryPrimitives.ReadInt32LittleEndian(body[(4 + (4 * i))..]);
            Require(index > last && index < values.Length);
            values[index] = BinaryPrimitives.ReadSingleLittleEndian(body[(4 + (4 * count) + (4 * i))..]);
            last = index;
        }
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw Bad("its length or an index is wrong");
        }
    }

    private static InvalidDataException Bad(string why) => new($"A compressed update cannot be read: {why}. Ask its sender again.");
}
