namespace OrleansDDM.Learning.Data;

/// <summary>
/// Reads the binary version of CIFAR-10 (Krizhevsky, 2009): records of one label byte and 3 x 32 x 32 pixels (red, green, blue planes).
/// Any subset of <c>data_batch_1.bin</c> to <c>data_batch_5.bin</c> and <c>test_batch.bin</c> in a folder, or the official tar.gz.
/// </summary>
public static class Cifar10Loader
{
    /// <summary>File name of the official archive.</summary>
    public const string ArchiveName = "cifar-10-binary.tar.gz";

    private const int Side = 32;
    private const int ImageBytes = 3 * Side * Side;
    private const int RecordBytes = ImageBytes + 1;
    private const int LargestBatch = 10_000;
    private const string TestBatch = "test_batch.bin";

    /// <summary>The ten classes.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>True for the name of one of the six batch files.</summary>
    public static bool IsBatch(string fileName) => IsTrainBatch(fileName) || fileName == TestBatch;

    /// <summary>Reads the batches in a folder.</summary>
    /// <exception cref="DatasetException">No batch is there, or one is damaged.</exception>
    public static SourceSplits LoadFolder(string folder, string name = "cifar-10")
    {
        var batches = new List<Batch>();
        foreach (string path in BoundedReader.Guard(folder, () => Directory.GetFiles(folder)).Where(p => IsBatch(Path.GetFileName(p))))
        {
            using FileStream stream = BoundedReader.Open(path);
            batches.Add(BoundedReader.Guard(path, () => ReadBatch(stream, stream.Length, stream.Length, path, Path.GetFileName(path))));
        }

        return Join(batches, folder, name);
    }

    /// <summary>Reads the batches in a tar.gz without unpacking it to disk.</summary>
    /// <exception cref="DatasetException">Not such an archive, no batch in it, or it is damaged.</exception>
    public static SourceSplits LoadArchive(string path, string name = "cifar-10")
    {
        using FileStream stream = BoundedReader.Open(path);
        return ReadArchive(stream, path, name);
    }

    /// <summary>Reads the batches of a seekable tar or tar.gz stream.</summary>
    /// <exception cref="DatasetException">As for <see cref="LoadArchive"/>.</exception>
    public static SourceSplits ReadArchive(Stream archive, string source, string name = "cifar-10")
    {
        ArgumentNullException.ThrowIfNull(archive);
        var batches = new List<Batch>();
        BoundedReader.Guard(source, () =>
        {
            (Stream content, long limit) = BoundedReader.Unpack(archive);
            TarScanner.Scan(content, source, (path, length) =>
            {
                string file = path[(path.LastIndexOf('/') + 1)..];
                if (!IsBatch(file))
                {
                    return false;
                }

                if (batches.Any(b => b.File == file))
                {
                    throw new DatasetException(source, $"holds {file} twice");
                }

                batches.Add(ReadBatch(content, length, limit, $"{source}: {file}", file));
                return true;
            });
            return true;
        });
        return Join(batches, source, name);
    }

    private static bool IsTrainBatch(string fileName) =>
        fileName.Length == "data_batch_1.bin".Length
        && fileName.StartsWith("data_batch_", StringComparison.Ordinal)
        && fileName.EndsWith(".bin", StringComparison.Ordinal)
        && fileName["data_batch_".Length] is >= '1' and <= '5';

    private static Batch ReadBatch(Stream content, long length, long limit, string source, string file)
    {
        if (length % RecordBytes != 0 || length is 0 or > (long)LargestBatch * RecordBytes)
        {
            throw new DatasetException(source, $"has {length} bytes; a CIFAR-10 batch is 1 to {LargestBatch} records of {RecordBytes} bytes");
        }

        byte[] records = BoundedReader.ReadExactly(content, length, limit, source);
        for (int i = 0; i < records.Length; i += RecordBytes)
        {
            if (records[i] >= ClassNames.Count)
            {
                throw new DatasetException(source, $"has label {records[i]} in record {i / RecordBytes}; CIFAR-10 has the classes 0 to 9");
            }
        }

        return new Batch(file, records);
    }

    private static SourceSplits Join(List<Batch> batches, string source, string name)
    {
        if (batches.Count == 0)
        {
            throw new DatasetException(source, $"holds no CIFAR-10 batch (data_batch_1.bin to data_batch_5.bin, {TestBatch})");
        }

        batches.Sort((a, b) => string.CompareOrdinal(a.File, b.File));
        return new SourceSplits(
            Split([.. batches.Where(b => b.File != TestBatch)], name, "train"),
            Split([.. batches.Where(b => b.File == TestBatch)], name, "test"));
    }

    private static ImageDataset? Split(Batch[] batches, string name, string split)
    {
        if (batches.Length == 0)
        {
            return null;
        }

        int count = batches.Sum(b => b.Records.Length / RecordBytes);
        byte[] pixels = new byte[count * ImageBytes];
        int[] labels = new int[count];
        long[] ids = new long[count];
        int image = 0;
        foreach (Batch batch in batches)
        {
            // The id is the image's place in the full split, so that it does not depend on which batches are there.
            long first = split == "train" ? (batch.File["data_batch_".Length] - '1') * (long)LargestBatch : 0;
            for (int record = 0; record < batch.Records.Length / RecordBytes; record++, image++)
            {
                ReadOnlySpan<byte> bytes = batch.Records.AsSpan(record * RecordBytes, RecordBytes);
                labels[image] = bytes[0];
                ids[image] = first + record;
                bytes[1..].CopyTo(pixels.AsSpan(image * ImageBytes));
            }
        }

        return new ImageDataset(name, split, 3, Side, Side, pixels, labels, ClassNames, ids);
    }

    private sealed record Batch(string File, byte[] Records);
}
