using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansDDM.Learning.Serialization;

/// <summary>
/// Writes safetensors. The same tensors and metadata give the same bytes whatever order they come in: tensors lie by element
/// size, widest first, then by name (ordinal), so that each is aligned; metadata is sorted; the header is padded to 8 bytes.
/// </summary>
public static class SafetensorsWriter
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file as bytes.</summary>
    /// <exception cref="SafetensorsException">A name is taken, reserved or not Unicode, or the file is too large for one array.</exception>
    public static byte[] Write(IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsEntry[] ordered = Order(entries);
        byte[] header = Header(ordered, metadata);
        long length = header.Length + ordered.Sum(entry => (long)entry.Data.Length);
        if (length > Array.MaxLength)
        {
            throw new SafetensorsException(SafetensorsRule.FileSize, $"{length} bytes are too many for one array; write to a stream");
        }

        var bytes = new byte[length];
        header.CopyTo(bytes, 0);
        int position = header.Length;
        foreach (SafetensorsEntry entry in ordered)
        {
            entry.Data.Span.CopyTo(bytes.AsSpan(position));
            position += entry.Data.Length;
        }

        return bytes;
    }

    /// <summary>Writes the file to <paramref name="stream"/>.</summary>
    /// <exception cref="SafetensorsException">A name is taken, reserved or not Unicode.</exception>
    public static void Write(Stream stream, IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        SafetensorsEntry[] ordered = Order(entries);
        stream.Write(Header(ordered, metadata));
        foreach (SafetensorsEntry entry in ordered)
        {
            stream.Write(entry.Data.Span);
        }
    }

    /// <summary>Writes the file at <paramref name="path"/> by <see cref="AtomicFile"/>: it is there whole or not at all.</summary>
    /// <exception cref="SafetensorsException">A name is taken, reserved or not Unicode.</exception>
    public static void Save(string path, IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, entries, metadata));

    private static SafetensorsEntry[] Order(IEnumerable<SafetensorsEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        SafetensorsEntry[] ordered =
            [.. entries.OrderByDescending(entry => entry.DType.SizeOf()).ThenBy(entry => entry.Name, StringComparer.Ordinal)];
        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsReader.MetadataKey };
        foreach (SafetensorsEntry entry in ordered)
        {
            if (!names.Add(entry.Name))
            {
                throw new SafetensorsException(SafetensorsRule.DuplicateKey, $"the tensor name '{entry.Name}' is taken or reserved");
            }
        }

        return ordered;
    }

    /// <summary>Length and header, as they stand before the buffer.</summary>
    private static byte[] Header(SafetensorsEntry[] entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var text = new MemoryStream();
        text.Write(stackalloc byte[8]);
        try
        {
            WriteJson(text, entries, metadata);
        }
        catch (EncoderFallbackException e)
        {
            throw new SafetensorsException(SafetensorsRule.HeaderJson, "a name or a metadata string is not Unicode", e);
        }

        while (text.Length % 8 != 0)
        {
            text.WriteByte((byte)' ');
        }

        byte[] header = text.ToArray();
        if (header.Length - 8 > SafetensorsReader.MaxHeaderLength)
        {
            throw new SafetensorsException(
                SafetensorsRule.HeaderLength, $"a header of {header.Length - 8} bytes is over the limit of {SafetensorsReader.MaxHeaderLength}");
        }

        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - 8));
        return header;
    }

    private static void WriteJson(Stream stream, SafetensorsEntry[] entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        if (metadata is { Count: > 0 })
        {
            json.WriteStartObject(SafetensorsReader.MetadataKey);
            foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(Unicode(key), Unicode(value));
            }

            json.WriteEndObject();
        }

        long position = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            json.WriteStartObject(Unicode(entry.Name));
            json.WriteString("dtype", entry.DType.NameOf());
            json.WriteStartArray("shape");
            foreach (long dimension in entry.Shape)
            {
                json.WriteNumberValue(dimension);
            }

            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(position);
            json.WriteNumberValue(position += entry.Data.Length);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>The JSON writer would replace a lone surrogate, and two names could become one.</summary>
    private static string Unicode(string text)
    {
        _ = Strict.GetByteCount(text);
        return text;
    }
}
