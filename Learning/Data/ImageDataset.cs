using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansDDM.Learning.Data;

/// <summary>Images of one size with 8-bit pixels and, where known, a class for each. Immutable: the arrays given are taken over.</summary>
public sealed class ImageDataset
{
    private static readonly ulong RankRole = KeyedHash.Role("data/rank");

    private readonly byte[] _pixels;
    private readonly int[]? _labels;
    private readonly long[] _ids;
    private readonly Lazy<string> _hash;

    /// <summary>Creates a data set around <paramref name="pixels"/>, which must not be changed afterwards.</summary>
    /// <param name="name">Name of the data set, e.g. <c>mnist</c>.</param>
    /// <param name="split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="pixels">(N, C, H, W), 0 to 255.</param>
    /// <param name="labels">(N) class of each image, from 0; null when unknown.</param>
    /// <param name="classNames">Name of each class; null = "0", "1", ... up to the largest label.</param>
    /// <param name="ids">(N) global id of each image, unique within its split; null = 0, 1, 2, ...</param>
    /// <exception cref="ArgumentException">Sizes that do not fit together, or a label outside the classes.</exception>
    public ImageDataset(
        string name,
        string split,
        int channels,
        int height,
        int width,
        byte[] pixels,
        int[]? labels = null,
        IReadOnlyList<string>? classNames = null,
        long[]? ids = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(split);
        ArgumentNullException.ThrowIfNull(pixels);
        if (channels is not (1 or 3) || height < 1 || width < 1)
        {
            throw new ArgumentException($"Images of ({channels}, {height}, {width}) are not possible: 1 or 3 channels and at least one pixel are needed.");
        }

        long size = (long)channels * height * width;
        if (pixels.Length % size != 0)
        {
            throw new ArgumentException($"{pixels.Length} pixels are not a whole number of ({channels}, {height}, {width}) images.", nameof(pixels));
        }

        Name = name;
        Split = split;
        Channels = channels;
        Height = height;
        Width = width;
        Count = (int)(pixels.Length / size);
        _pixels = pixels;
        _labels = labels;
        _ids = ids ?? Sequence(Count);
        if (_ids.Length != Count || (labels is not null && labels.Length != Count))
        {
            throw new ArgumentException($"{Count} images need as many labels and ids, not {labels?.Length ?? Count} and {_ids.Length}.");
        }

        int classes = classNames?.Count ?? (labels is { Length: > 0 } ? labels.Max() + 1 : 0);
        foreach (int label in labels ?? [])
        {
            if ((uint)label >= (uint)classes)
            {
                throw new ArgumentException($"Label {label} is outside the {classes} classes.", nameof(labels));
            }
        }

        ClassNames = classNames ?? [.. Enumerable.Range(0, classes).Select(c => c.ToString())];
        _hash = new Lazy<string>(ComputeHash);
    }

    /// <summary>Name of the data set.</summary>
    public string Name { get; }

    /// <summary><c>train</c>, <c>validation</c> or <c>test</c>.</summary>
    public string Split { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Number of images.</summary>
    public int Count { get; }

    /// <summary>Values of one image: C·H·W.</summary>
    public int ImageSize => Channels * Height * Width;

    /// <summary>(N, C, H, W), 0 to 255.</summary>
    public ReadOnlyMemory<byte> Pixels => _pixels;

    /// <summary>True when each image has a class.</summary>
    public bool HasLabels => _labels is not null;

    /// <summary>(N) class of each image; empty when unknown.</summary>
    public ReadOnlyMemory<int> Labels => _labels;

    /// <summary>(N) global id of each image: its index in the split as first read. Subsets keep the ids, so that keyed draws stay the same.</summary>
    public ReadOnlyMemory<long> Ids => _ids;

    /// <summary>Names of the classes; empty when there are no labels.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>SHA-256 over sizes, pixels and labels, 64 lower-case hex digits. Names, split and ids do not count.</summary>
    public string Hash => _hash.Value;

    /// <summary>The pixels of one image, (C, H, W).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such image.</exception>
    public ReadOnlySpan<byte> Image(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _pixels.AsSpan(index * ImageSize, ImageSize);
    }

    /// <summary>Writes image <paramref name="index"/> scaled to [-1, 1]: x / 127.5 - 1.</summary>
    /// <param name="index">Image, from 0.</param>
    /// <param name="destination">(C, H, W), exactly <see cref="ImageSize"/> values.</param>
    /// <exception cref="ArgumentException">A destination of another size.</exception>
    public void CopyNormalized(int index, Span<float> destination)
    {
        ReadOnlySpan<byte> image = Image(index);
        if (destination.Length != image.Length)
        {
            throw new ArgumentException($"An image has {image.Length} values, the destination {destination.Length}.", nameof(destination));
        }

        for (int i = 0; i < image.Length; i++)
        {
            destination[i] = (image[i] / 127.5f) - 1f;
        }
    }

    /// <summary>The images at <paramref name="indices"/>, in that order, with their labels and ids.</summary>
    /// <param name="indices">Indices into this data set.</param>
    /// <param name="split">Name of the new split; null = the same.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index outside the data set.</exception>
    public ImageDataset Subset(ReadOnlySpan<int> indices, string? split = null)
    {
        var pixels = new byte[checked(indices.Length * ImageSize)];
        int[]? labels = _labels is null ? null : new int[indices.Length];
        var ids = new long[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            Image(indices[i]).CopyTo(pixels.AsSpan(i * ImageSize));
            ids[i] = _ids[indices[i]];
            if (labels is not null)
            {
                labels[i] = _labels![indices[i]];
            }
        }

        return new ImageDataset(Name, split ?? Split, Channels, Height, Width, pixels, labels, ClassNames, ids);
    }

    /// <summary>
    /// The rows of lowest rank, in order of rank: a choice that does not depend on how the images are sorted, and that starts with
    /// every smaller one. The rank of an image is a function of (seed, its id).
    /// </summary>
    /// <param name="count">How many, at least 0; all where there are no more.</param>
    /// <param name="seed">Seed of the ranks.</param>
    /// <param name="among">Rows to choose from; null = all.</param>
    public int[] RowsByRank(int count, ulong seed, IEnumerable<int>? among = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] rows = [.. among ?? Enumerable.Range(0, Count)];
        (ulong Rank, long Id)[] keys = Array.ConvertAll(rows, row => (KeyedHash.Word(seed, RankRole, (ulong)_ids[row]), _ids[row]));
        Array.Sort(keys, rows);
        return rows[..Math.Min(count, rows.Length)];
    }

    /// <summary>The same images with other classes.</summary>
    /// <param name="labels">(N) class of each image, from 0.</param>
    /// <param name="classNames">Name of each class.</param>
    /// <exception cref="ArgumentException">Not one label per image, or a label outside the classes.</exception>
    public ImageDataset WithLabels(int[] labels, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(classNames);
        return new ImageDataset(Name, Split, Channels, Height, Width, _pixels, labels, classNames, _ids);
    }

    /// <summary>The same images without classes.</summary>
    public ImageDataset WithoutLabels() => new(Name, Split, Channels, Height, Width, _pixels, ids: _ids);

    /// <summary>The same images with ids that are higher by <paramref name="first"/>.</summary>
    internal ImageDataset WithFirstId(long first) =>
        new(Name, Split, Channels, Height, Width, _pixels, _labels, ClassNames, Array.ConvertAll(_ids, id => checked(id + first)));

    private static long[] Sequence(int count)
    {
        var ids = new long[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = i;
        }

        return ids;
    }

    private string ComputeHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> word = stackalloc byte[4];
        foreach (int value in (ReadOnlySpan<int>)[Channels, Height, Width, Count, HasLabels ? 1 : 0])
        {
            BinaryPrimitives.WriteInt32LittleEndian(word, value);
            hash.AppendData(word);
        }

        hash.AppendData(_pixels);
        foreach (int label in _labels ?? [])
        {
            BinaryPrimitives.WriteInt32LittleEndian(word, label);
            hash.AppendData(word);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
