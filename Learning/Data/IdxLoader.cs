using System.Buffers.Binary;

namespace OrleansDDM.Learning.Data;

/// <summary>
/// Reads IDX files (the format of MNIST), plain or gzip: big-endian magic 2051, count, height, width and one byte a pixel for images;
/// magic 2049, count and one byte each for labels.
/// </summary>
public static class IdxLoader
{
    private const uint ImagesMagic = 2051;
    private const uint LabelsMagic = 2049;
    private const uint LargestSide = 4096;

    /// <summary>Reads one split.</summary>
    /// <param name="imagesPath">Images file.</param>
    /// <param name="labelsPath">Labels file; null = no labels.</param>
    /// <param name="name">Name of the data set.</param>
    /// <param name="split">Name of the split.</param>
    /// <param name="classNames">Class names; null = numbers.</param>
    /// <exception cref="DatasetException">A file is missing, truncated, too long, of another format, or the two do not belong together.</exception>
    public static ImageDataset Load(string imagesPath, string? labelsPath, string name, string split, IReadOnlyList<string>? classNames = null)
    {
        using FileStream images = BoundedReader.Open(imagesPath);
        using FileStream? labels = labelsPath is null ? null : BoundedReader.Open(labelsPath);
        return Read(images, imagesPath, labels, labelsPath ?? "", name, split, classNames);
    }

    /// <summary>Reads one split from seekable streams; otherwise as <see cref="Load"/>.</summary>
    /// <exception cref="DatasetException">As for <see cref="Load"/>.</exception>
    public static ImageDataset Read(
        Stream images, string imagesSource, Stream? labels, string labelsSource, string name, string split, IReadOnlyList<string>? classNames = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        (byte[] pixels, int count, int height, int width) = BoundedReader.Guard(imagesSource, () => ReadImages(images, imagesSource));
        int[]? classes = labels is null ? null : BoundedReader.Guard(labelsSource, () => ReadLabels(labels, labelsSource));
        if (classes is not null && classes.Length != count)
        {
            throw new DatasetException(labelsSource, $"has {classes.Length} labels for the {count} images of {imagesSource}");
        }

        if (classNames is not null && classes is not null && classes.Max() is int largest && largest >= classNames.Count)
        {
            throw new DatasetException(labelsSource, $"has label {largest}, but {name} has {classNames.Count} classes");
        }

        return new ImageDataset(name, split, 1, height, width, pixels, classes, classes is null ? null : classNames);
    }

    private static (byte[] Pixels, int Count, int Height, int Width) ReadImages(Stream raw, string source)
    {
        (Stream content, long limit) = BoundedReader.Unpack(raw);
        uint[] header = ReadHeader(content, ImagesMagic, 4, source);
        if (header[2] is < 1 or > LargestSide || header[3] is < 1 or > LargestSide || header[1] < 1)
        {
            throw new DatasetException(source, $"announces {header[1]} images of {header[2]} x {header[3]} pixels; at least one image of at most {LargestSide} pixels a side is needed");
        }

        // At most 2^32 * 2^12 * 2^12, which a long holds.
        long size = (long)header[1] * header[2] * header[3];
        byte[] pixels = BoundedReader.ReadExactly(content, size, limit - 16, source);
        BoundedReader.ExpectEnd(content, source);
        return (pixels, (int)header[1], (int)header[2], (int)header[3]);
    }

    private static int[] ReadLabels(Stream raw, string source)
    {
        (Stream content, long limit) = BoundedReader.Unpack(raw);
        uint[] header = ReadHeader(content, LabelsMagic, 2, source);
        byte[] labels = BoundedReader.ReadExactly(content, header[1], limit - 8, source);
        BoundedReader.ExpectEnd(content, source);
        return Array.ConvertAll(labels, b => (int)b);
    }

    private static uint[] ReadHeader(Stream content, uint magic, int words, string source)
    {
        byte[] bytes = new byte[4 * words];
        if (content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new DatasetException(source, $"is too short for an IDX header of {bytes.Length} bytes");
        }

        var header = new uint[words];
        for (int i = 0; i < words; i++)
        {
            header[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(4 * i));
        }

        return header[0] == magic
            ? header
            : throw new DatasetException(source, $"is not an IDX file of {(magic == ImagesMagic ? "images" : "labels")}: its magic is {header[0]}, not {magic}");
    }
}
