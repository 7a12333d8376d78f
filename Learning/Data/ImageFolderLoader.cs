using SkiaSharp;

namespace OrleansDDM.Learning.Data;

/// <summary>
/// Reads a folder of PNG or JPEG files. Subfolders are classes, in ordinal order of their names; files directly in the folder are
/// images without a class. Grey when every file is grey, otherwise red, green, blue; transparency is laid over black.
/// </summary>
public static class ImageFolderLoader
{
    private const int LargestSide = 8192;

    /// <summary>True for the file names that are read.</summary>
    public static bool IsImage(string path) => Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg";

    /// <summary>True when the folder, or one of its direct subfolders, holds an image file.</summary>
    public static bool HasImages(string folder) =>
        Directory.EnumerateFiles(folder).Any(IsImage)
        || Directory.EnumerateDirectories(folder).Any(d => Directory.EnumerateFiles(d).Any(IsImage));

    /// <summary>Reads <c>train</c> and <c>test</c> subfolders when there is a <c>train</c> one with images, otherwise the whole folder as train.</summary>
    /// <exception cref="DatasetException">As for <see cref="LoadSplit"/>.</exception>
    public static SourceSplits Load(string folder, string name, int? size = null)
    {
        string train = Path.Combine(folder, "train");
        string test = Path.Combine(folder, "test");
        if (!Directory.Exists(train) || !HasImages(train))
        {
            return new SourceSplits(LoadSplit(folder, name, "train", size), null);
        }

        ImageDataset images = LoadSplit(train, name, "train", size);
        return new SourceSplits(images, Directory.Exists(test) && HasImages(test) ? Renumbered(LoadSplit(test, name, "test", size), images, test) : null);
    }

    /// <summary>Reads one folder as one split.</summary>
    /// <param name="folder">Folder of images or of classes.</param>
    /// <param name="name">Name of the data set.</param>
    /// <param name="split">Name of the split.</param>
    /// <param name="size">Scale every image to this many pixels a side; null = sizes must agree.</param>
    /// <exception cref="DatasetException">No image, one that cannot be decoded, or sizes that differ; the message names the file.</exception>
    public static ImageDataset LoadSplit(string folder, string name, string split, int? size = null)
    {
        if (size is < 1 or > LargestSide)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, $"An image has 1 to {LargestSide} pixels a side.");
        }

        return BoundedReader.Guard(folder, () => ReadSplit(folder, name, split, size));
    }

    /// <summary>The test images with the training images' numbers of the classes; a class may lack test images.</summary>
    private static ImageDataset Renumbered(ImageDataset test, ImageDataset train, string folder)
    {
        if (test.HasLabels != train.HasLabels)
        {
            throw new DatasetException(folder, test.HasLabels ? "has class folders, the training images have none" : "has no class folders, the training images have some");
        }

        if (!test.HasLabels)
        {
            return test;
        }

        string[] classes = [.. train.ClassNames];
        string? unknown = test.ClassNames.FirstOrDefault(c => !classes.Contains(c));
        return unknown is null
            ? test.WithLabels([.. test.Labels.ToArray().Select(l => Array.IndexOf(classes, test.ClassNames[l]))], classes)
            : throw new DatasetException(folder, $"has a class '{unknown}' that the training images do not have");
    }

    private static ImageDataset ReadSplit(string folder, string name, string split, int? size)
    {
        (string[] files, int[]? labels, string[] classes) = FindFiles(folder);
        bool grey = true;
        int height = size ?? 0;
        int width = size ?? 0;
        foreach (string file in files)
        {
            using SKCodec codec = OpenCodec(file);
            grey &= codec.Info.ColorType == SKColorType.Gray8;
            if (size is null && height == 0)
            {
                (height, width) = (codec.Info.Height, codec.Info.Width);
            }

            if (size is null && (codec.Info.Height != height || codec.Info.Width != width))
            {
                throw new DatasetException(file, $"has {codec.Info.Height} x {codec.Info.Width} pixels, {files[0]} has {height} x {width}; scale them to one size");
            }
        }

        int channels = grey ? 1 : 3;
        long imageSize = (long)channels * height * width;
        if (imageSize * files.Length > Array.MaxLength)
        {
            throw new DatasetException(folder, $"holds {files.Length} images of {height} x {width}, which is more than 2 GiB of pixels; choose a smaller size");
        }

        byte[] pixels = new byte[imageSize * files.Length];
        for (int i = 0; i < files.Length; i++)
        {
            Decode(files[i], channels, height, width, pixels.AsSpan((int)(i * imageSize), (int)imageSize));
        }

        return new ImageDataset(name, split, channels, height, width, pixels, labels, labels is null ? null : classes);
    }

    private static (string[] Files, int[]? Labels, string[] Classes) FindFiles(string folder)
    {
        static string[] Sorted(IEnumerable<string> paths) => [.. paths.Order(StringComparer.Ordinal)];
        string[] direct = Sorted(Directory.EnumerateFiles(folder).Where(IsImage));
        string[] classes = Sorted(Directory.EnumerateDirectories(folder).Where(d => Directory.EnumerateFiles(d).Any(IsImage)));
        if (direct.Length > 0 && classes.Length > 0)
        {
            throw new DatasetException(folder, "holds both images and class folders; move the images into a class folder");
        }

        if (direct.Length > 0)
        {
            return (direct, null, []);
        }

        if (classes.Length == 0)
        {
            throw new DatasetException(folder, "holds no PNG or JPEG image, neither directly nor in subfolders");
        }

        var files = new List<string>();
        var labels = new List<int>();
        for (int c = 0; c < classes.Length; c++)
        {
            string[] members = Sorted(Directory.EnumerateFiles(classes[c]).Where(IsImage));
            files.AddRange(members);
            labels.AddRange(Enumerable.Repeat(c, members.Length));
        }

        return ([.. files], [.. labels], [.. classes.Select(c => Path.GetFileName(c)!)]);
    }

    private static SKCodec OpenCodec(string file)
    {
        // The header is read before any pixel is allocated, so that a lying one can be refused.
        SKCodec? codec = SKCodec.Create(file);
        if (codec is null)
        {
            throw new DatasetException(file, "is not a readable PNG or JPEG image");
        }

        if (codec.Info.Width is < 1 or > LargestSide || codec.Info.Height is < 1 or > LargestSide)
        {
            (int h, int w) = (codec.Info.Height, codec.Info.Width);
            codec.Dispose();
            throw new DatasetException(file, $"announces {h} x {w} pixels; 1 to {LargestSide} a side are read");
        }

        return codec;
    }

    private static void Decode(string file, int channels, int height, int width, Span<byte> destination)
    {
        using SKCodec codec = OpenCodec(file);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul);
        using var decoded = new SKBitmap(info);
        SKCodecResult result = codec.GetPixels(info, decoded.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw new DatasetException(file, $"cannot be decoded whole ({result})");
        }

        using SKBitmap? scaled = info.Height == height && info.Width == width
            ? null
            : decoded.Resize(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        ReadOnlySpan<byte> rgba = (scaled ?? decoded).GetPixelSpan();
        int plane = height * width;
        for (int i = 0; i < plane; i++)
        {
            for (int c = 0; c < channels; c++)
            {
                destination[(c * plane) + i] = rgba[(4 * i) + c];
            }
        }
    }
}
