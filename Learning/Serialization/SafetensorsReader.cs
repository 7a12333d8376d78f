using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace OrleansDDM.Learning.Serialization;

/// <summary>
/// Reads safetensors (https://github.com/huggingface/safetensors, "Format") from bytes that nobody has to trust: every rule
/// is checked before a tensor is handed out, and nothing larger than the input is allocated. Stricter than the reference
/// implementation in two points: a tensor has no keys but the three known ones, and the header is padded with spaces only.
/// </summary>
public static class SafetensorsReader
{
    /// <summary>The longest header that the format allows, in bytes.</summary>
    public const int MaxHeaderLength = 100_000_000;

    internal const string MetadataKey = "__metadata__";

    private sealed record Info(string Name, SafetensorsDType DType, long[] Shape, long Begin, long End);

    /// <summary>Reads and checks <paramref name="bytes"/>; the entries are views of it.</summary>
    /// <exception cref="SafetensorsException">A rule is broken.</exception>
    public static SafetensorsFile Read(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlySpan<byte> header = Header(bytes.Span);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        List<Info> infos = Parse(header, metadata);
        ReadOnlyMemory<byte> buffer = bytes[(8 + header.Length)..];
        infos.Sort(static (a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        long position = 0;
        var entries = new List<SafetensorsEntry>(infos.Count);
        foreach (Info info in infos)
        {
            if (info.Begin != position || info.End < info.Begin)
            {
                throw new SafetensorsException(
                    SafetensorsRule.Offsets, $"tensor '{info.Name}' lies at [{info.Begin}, {info.End}) where byte {position} comes next");
            }

            if (info.DType.Bytes(info.Shape) != info.End - info.Begin)
            {
                throw new SafetensorsException(
                    SafetensorsRule.Size,
                    $"tensor '{info.Name}' of {info.DType.NameOf()} ({string.Join(", ", info.Shape)}) does not take {info.End - info.Begin} bytes");
            }

            if (info.End > buffer.Length)
            {
                throw new SafetensorsException(
                    SafetensorsRule.Coverage, $"tensor '{info.Name}' ends at byte {info.End} of a buffer of {buffer.Length}; the file is cut off");
            }

            entries.Add(new SafetensorsEntry(info.Name, info.DType, info.Shape, buffer.Slice((int)info.Begin, (int)(info.End - info.Begin))));
            position = info.End;
        }

        return position == buffer.Length
            ? new SafetensorsFile(entries, metadata)
            : throw new SafetensorsException(SafetensorsRule.Coverage, $"{buffer.Length - position} bytes after the last tensor belong to none");
    }

    /// <summary>Reads and checks the file at <paramref name="path"/>, which may have at most 2 GiB.</summary>
    /// <exception cref="SafetensorsException">A rule is broken.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        long length = new FileInfo(path).Length;
        return length <= Array.MaxLength
            ? Read(File.ReadAllBytes(path))
            : throw new SafetensorsException(SafetensorsRule.FileSize, $"'{Path.GetFileName(path)}' has {length} bytes; at most {Array.MaxLength} can be read");
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8)
        {
            throw new SafetensorsException(SafetensorsRule.HeaderLength, $"{bytes.Length} bytes are too few for a header length");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length > MaxHeaderLength || (long)length > bytes.Length - 8)
        {
            throw new SafetensorsException(
                SafetensorsRule.HeaderLength, $"a header of {length} bytes is over the file's {bytes.Length} or the limit of {MaxHeaderLength}");
        }

        ReadOnlySpan<byte> header = bytes.Slice(8, (int)length);
        ReadOnlySpan<byte> json = header.TrimEnd((byte)' ');
        return json is [(byte)'{', .., (byte)'}']
            ? header
            : throw new SafetensorsException(SafetensorsRule.HeaderStart, "the header is not '{...}' followed by spaces");
    }

    private static List<Info> Parse(ReadOnlySpan<byte> header, Dictionary<string, string> metadata)
    {
        if (!Utf8.IsValid(header))
        {
            throw new SafetensorsException(SafetensorsRule.HeaderJson, "the header is not UTF-8");
        }

        var infos = new List<Info>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(header);
        try
        {
            reader.Read();
            while (NextKey(ref reader, names, "the header") is { } name)
            {
                if (name == MetadataKey)
                {
                    ReadMetadata(ref reader, metadata);
                }
                else
                {
                    infos.Add(ReadInfo(ref reader, name));
                }
            }

            // Reads to the end, so that a second value after the object is found.
            reader.Read();
            return infos;
        }
        catch (JsonException e)
        {
            throw new SafetensorsException(SafetensorsRule.HeaderJson, $"the header is not JSON at byte {e.BytePositionInLine}", e);
        }
    }

    private static string? NextKey(ref Utf8JsonReader reader, HashSet<string> seen, string where)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }

        string key = Text(ref reader);
        if (!seen.Add(key))
        {
            throw new SafetensorsException(SafetensorsRule.DuplicateKey, $"key '{key}' occurs twice in {where}");
        }

        reader.Read();
        return key;
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, SafetensorsRule.Metadata, MetadataKey, "is not an object");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (NextKey(ref reader, seen, MetadataKey) is { } key)
        {
            Expect(reader.TokenType == JsonTokenType.String, SafetensorsRule.Metadata, MetadataKey, $"has a value that is not a string under '{key}'");
            metadata.Add(key, Text(ref reader));
        }
    }

    private static Info ReadInfo(ref Utf8JsonReader reader, string name)
    {
        string subject = $"tensor '{name}'";
        Expect(reader.TokenType == JsonTokenType.StartObject, SafetensorsRule.TensorInfo, subject, "is not an object");
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (NextKey(ref reader, seen, subject) is { } key)
        {
            switch (key)
            {
                case "dtype":
                    Expect(reader.TokenType == JsonTokenType.String, SafetensorsRule.TensorInfo, subject, "has a dtype that is not a string");
                    type = Text(ref reader);
                    break;
                case "shape":
                    shape = Numbers(ref reader, subject, key);
                    break;
                case "data_offsets":
                    offsets = Numbers(ref reader, subject, key);
                    break;
                default:
                    throw new SafetensorsException(SafetensorsRule.TensorInfo, $"{subject} has the unknown key '{key}'");
            }
        }

        Expect(type is not null && shape is not null && offsets is { Length: 2 }, SafetensorsRule.TensorInfo, subject, "lacks dtype, shape or two data_offsets");
        SafetensorsDType dtype = SafetensorsDTypes.Parse(type)
            ?? throw new SafetensorsException(SafetensorsRule.DType, $"{subject} has the unknown dtype '{type}'");
        return new Info(name, dtype, shape!, offsets![0], offsets[1]);
    }

    private static long[] Numbers(ref Utf8JsonReader reader, string subject, string key)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, SafetensorsRule.TensorInfo, subject, $"has a {key} that is not an array");
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ulong value = 0;
            Expect(
                reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out value) && value <= long.MaxValue,
                SafetensorsRule.TensorInfo,
                subject,
                $"has a {key} with a value that is not a whole number of at most 63 bits");
            values.Add((long)value);
        }

        return [.. values];
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // An escaped lone surrogate is valid JSON but no string.
            throw new SafetensorsException(SafetensorsRule.HeaderJson, "a string of the header is not Unicode", e);
        }
    }

    private static void Expect(bool holds, SafetensorsRule rule, string subject, string fault)
    {
        if (!holds)
        {
            throw new SafetensorsException(rule, $"{subject} {fault}");
        }
    }
}
