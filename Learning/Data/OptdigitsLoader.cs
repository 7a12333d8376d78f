namespace OrleansDDM.Learning.Data;

/// <summary>
/// Reads the UCI "Optical Recognition of Handwritten Digits" files (Alpaydin and Kaynak, 1998): one image a line, 64 integers 0 to 16
/// row by row, then the class 0 to 9, separated by commas. Values are scaled to 0 to 255.
/// </summary>
public static class OptdigitsLoader
{
    private const int Side = 8;
    private const int Pixels = Side * Side;
    private const int Ink = 16;
    private const long LargestFile = 64L << 20;

    /// <summary>Reads one file as one split.</summary>
    /// <exception cref="DatasetException">The file is missing, too large, empty, or breaks the format; the message names the line.</exception>
    public static ImageDataset Load(string path, string name = "digits", string split = "train")
    {
        using FileStream stream = BoundedReader.Open(path);
        return Read(stream, path, name, split);
    }

    /// <summary>Reads one split from a seekable stream.</summary>
    /// <exception cref="DatasetException">As for <see cref="Load"/>.</exception>
    public static ImageDataset Read(Stream stream, string source, string name = "digits", string split = "train")
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Length > LargestFile)
        {
            throw new DatasetException(source, $"has {stream.Length} bytes; optdigits files of more than {LargestFile} are not read");
        }

        byte[] text = BoundedReader.Guard(source, () => BoundedReader.ReadExactly(stream, stream.Length, stream.Length, source));
        var pixels = new List<byte>();
        var labels = new List<int>();
        Span<int> row = stackalloc int[Pixels + 1];
        int number = 0;
        foreach (Range range in Lines(text))
        {
            number++;
            ReadOnlySpan<byte> line = text.AsSpan(range).Trim("\r \t"u8);
            if (line.IsEmpty)
            {
                continue;
            }

            ParseRow(line, row, source, number);
            foreach (int value in row[..Pixels])
            {
                pixels.Add((byte)(((value * 255) + (Ink / 2)) / Ink));
            }

            labels.Add(row[Pixels]);
        }

        return labels.Count > 0
            ? new ImageDataset(name, split, 1, Side, Side, [.. pixels], [.. labels], [.. Enumerable.Range(0, 10).Select(d => d.ToString())])
            : throw new DatasetException(source, "holds no image");
    }

    private static IEnumerable<Range> Lines(byte[] text)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = Array.IndexOf(text, (byte)'\n', start) - start;
            length = length < 0 ? text.Length - start : length;
            yield return start..(start + length);
            start += length + 1;
        }
    }

    private static void ParseRow(ReadOnlySpan<byte> line, Span<int> row, string source, int number)
    {
        int field = 0;
        foreach (Range range in line.Split((byte)','))
        {
            ReadOnlySpan<byte> text = line[range].Trim((byte)' ');
            int largest = field == Pixels ? 9 : Ink;
            if (field > Pixels
                || !System.Buffers.Text.Utf8Parser.TryParse(text, out int value, out int used) || used != text.Length || value < 0 || value > largest)
            {
                throw new DatasetException(source, $"breaks the format in line {number}, field {field + 1}: 64 integers 0 to 16 and a class 0 to 9 are needed");
            }

            row[field++] = value;
        }

        if (field != row.Length)
        {
            throw new DatasetException(source, $"has {field} fields in line {number}; {row.Length} are needed");
        }
    }
}
