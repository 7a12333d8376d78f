using System.Text;

using OrleansDDM.Learning.Data;

using SkiaSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Data;

public class LoaderTests
{
    private static ImageDataset Idx(byte[] images, byte[]? labels = null) =>
        IdxLoader.Read(new MemoryStream(images), "images", labels is null ? null : new MemoryStream(labels), "labels", "x", "train");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idx_is_read_plain_and_packed(bool gzip)
    {
        byte[] images = SampleFiles.IdxImages(12, 3, 5);
        byte[] labels = SampleFiles.IdxLabels(12);
        ImageDataset data = gzip ? Idx(SampleFiles.Gzip(images), SampleFiles.Gzip(labels)) : Idx(images, labels);
        Assert.Equal((12, 1, 3, 5), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal(images[16..], data.Pixels.ToArray());
        Assert.Equal(labels[8..].Select(b => (int)b), data.Labels.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idx_with_a_lying_or_broken_header_is_refused_without_allocating(bool gzip)
    {
        byte[] good = SampleFiles.IdxImages(4, 3, 3);
        byte[] huge = [.. good];
        SampleFiles.Header(huge, 2051, 60000, 4000, 8);
        byte[] absurd = [.. good];
        SampleFiles.Header(absurd, 2051, uint.MaxValue, uint.MaxValue, uint.MaxValue);
        byte[] empty = [.. good];
        SampleFiles.Header(empty, 2051, 0, 3, 3);
        byte[][] bad = [huge, absurd, empty, good[..^1], good[..10], [], [.. good, 0], SampleFiles.IdxImages(4, 3, 3, 2049), Encoding.ASCII.GetBytes("hello, this is text")];
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte[] file in bad)
        {
            DatasetException e = Assert.Throws<DatasetException>(() => Idx(gzip ? SampleFiles.Gzip(file) : file));
            Assert.StartsWith("images ", e.Message, StringComparison.Ordinal);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void Idx_memory_follows_the_bytes_that_arrive()
    {
        // 64 KiB of gzip could hold 64 MiB, so the announced 60 MB are possible; only a few bytes come.
        byte[] file = SampleFiles.IdxImages(1, 1, 1);
        SampleFiles.Header(file, 2051, 60_000, 32, 32);
        byte[] packed = [.. SampleFiles.Gzip(file), .. new byte[1 << 16]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DatasetException>(() => Idx(packed));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Idx_labels_must_belong_to_the_images()
    {
        byte[] images = SampleFiles.IdxImages(4, 2, 2);
        Assert.Contains("5 labels for the 4 images", Assert.Throws<DatasetException>(() => Idx(images, SampleFiles.IdxLabels(5))).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => Idx(images, SampleFiles.IdxLabels(4, magic: 2051)));
        Assert.Throws<DatasetException>(() => IdxLoader.Read(
            new MemoryStream(images), "i", new MemoryStream(SampleFiles.IdxLabels(4)), "l", "x", "train", ["zero", "one", "two"]));
    }

    [Fact]
    public void Idx_names_a_file_that_is_missing() =>
        Assert.Contains("nowhere", Assert.Throws<DatasetException>(() => IdxLoader.Load("nowhere/x", null, "x", "train")).Message, StringComparison.Ordinal);

    [Fact]
    public void Cifar_folder_takes_any_subset_and_keeps_official_ids()
    {
        using var folder = new TemporaryFolder();
        folder.Write("data_batch_3.bin", SampleFiles.CifarBatch(2, 3));
        folder.Write("data_batch_1.bin", SampleFiles.CifarBatch(3, 1));
        folder.Write("notes.txt", [1]);
        SourceSplits splits = Cifar10Loader.LoadFolder(folder.Path);
        Assert.Null(splits.Test);
        Assert.Equal([0L, 1, 2, 20_000, 20_001], splits.Train!.Ids.ToArray());
        Assert.Equal([1, 2, 3, 3, 4], splits.Train.Labels.ToArray());
        Assert.Equal(SampleFiles.CifarBatch(2, 3)[1..3073], splits.Train.Image(3).ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cifar_archive_equals_the_folder(bool gzip)
    {
        byte[] tar = SampleFiles.Tar(
            ("cifar-10-batches-bin/readme.html", new byte[700]),
            ("cifar-10-batches-bin/test_batch.bin", SampleFiles.CifarBatch(2, 5)),
            ("cifar-10-batches-bin/data_batch_2.bin", SampleFiles.CifarBatch(3, 2)));
        SourceSplits splits = Cifar10Loader.ReadArchive(new MemoryStream(gzip ? SampleFiles.Gzip(tar) : tar), "a.tar.gz");
        Assert.Equal([10_000L, 10_001, 10_002], splits.Train!.Ids.ToArray());
        Assert.Equal(SampleFiles.CifarBatch(2, 5)[3074..], splits.Test!.Image(1).ToArray());
        Assert.Equal("airplane", splits.Test.ClassNames[0]);
    }

    [Fact]
    public void Damaged_cifar_is_refused()
    {
        byte[] batch = SampleFiles.CifarBatch(2);
        byte[] badLabel = [.. batch];
        badLabel[3073] = 10;
        byte[] tar = SampleFiles.Tar(("data_batch_1.bin", batch));
        byte[] badSum = [.. tar];
        badSum[130] ^= 1;
        byte[] gzip = SampleFiles.Gzip(tar);
        byte[][] bad =
        [
            SampleFiles.Tar(("data_batch_1.bin", badLabel)),
            SampleFiles.Tar(("data_batch_1.bin", batch[..^1])),
            SampleFiles.Tar(("data_batch_1.bin", [])),
            SampleFiles.Tar(("data_batch_1.bin", batch), ("b/data_batch_1.bin", batch)),
            SampleFiles.Tar(("other.bin", batch)),
            badSum,
            tar[..2000],
            gzip[..(gzip.Length / 2)],
            [],
            [1, 2, 3],
        ];
        foreach (byte[] file in bad)
        {
            Assert.Throws<DatasetException>(() => Cifar10Loader.ReadArchive(new MemoryStream(file), "a"));
        }
    }

    [Fact]
    public void A_tar_header_that_lies_about_the_length_does_not_allocate()
    {
        byte[] tar = SampleFiles.Tar(("data_batch_1.bin", SampleFiles.CifarBatch(1)));
        Encoding.ASCII.GetBytes(Convert.ToString(10_000L * SampleFiles.CifarRecord, 8).PadLeft(11, '0')).CopyTo(tar, 124);
        tar.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(tar.AsSpan(0, 512).ToArray().Sum(b => (long)b), 8).PadLeft(6, '0') + "\0").CopyTo(tar, 148);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("truncated", Assert.Throws<DatasetException>(() => Cifar10Loader.ReadArchive(new MemoryStream(tar), "a")).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Optdigits_scales_ink_to_bytes()
    {
        ImageDataset data = OptdigitsLoader.Read(new MemoryStream(SampleFiles.Optdigits(3)), "d");
        Assert.Equal((3, 8, 8), (data.Count, data.Height, data.Width));
        Assert.Equal([0, 1, 2], data.Labels.ToArray());
        Assert.Equal(0, data.Image(0)[0]);
        Assert.Equal(255, data.Image(0)[16]);
        Assert.Equal(128, data.Image(0)[8]);
        Assert.Equal(data.Hash, OptdigitsLoader.Read(new MemoryStream([.. SampleFiles.Optdigits(3), (byte)'\r', (byte)'\n', (byte)'\n']), "d").Hash);
    }

    [Theory]
    [InlineData("", "no image")]
    [InlineData("1,2,3\n", "3 fields in line 1")]
    [InlineData("a", "line 1, field 1")]
    public void Optdigits_names_the_line_at_fault(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<DatasetException>(() => OptdigitsLoader.Read(new MemoryStream(Encoding.ASCII.GetBytes(text)), "d")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("17", "0")]
    [InlineData("-1", "0")]
    [InlineData("3", "10")]
    [InlineData("99999999999", "0")]
    [InlineData("1.5", "0")]
    public void Optdigits_refuses_values_out_of_range(string pixel, string label)
    {
        string line = pixel + string.Concat(Enumerable.Repeat(",0", 63)) + "," + label;
        Assert.Throws<DatasetException>(() => OptdigitsLoader.Read(new MemoryStream(Encoding.ASCII.GetBytes(line)), "d"));
    }

    [Fact]
    public void Image_folder_takes_subfolders_as_classes()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b/1.png", SampleFiles.Picture(4, 6, SKColors.Red));
        folder.Write("a/2.jpg", SampleFiles.Picture(4, 6, SKColors.White, SKEncodedImageFormat.Jpeg));
        folder.Write("a/readme.txt", [1]);
        ImageDataset data = ImageFolderLoader.Load(folder.Path, "mine").Train!;
        Assert.Equal((2, 3, 4, 6), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal(["a", "b"], data.ClassNames);
        Assert.Equal([0, 1], data.Labels.ToArray());
        Assert.True(data.Image(0).ToArray().All(v => v >= 250));
        Assert.Equal([255, 0, 0], new[] { data.Image(1)[0], data.Image(1)[24], data.Image(1)[48] });
    }

    [Fact]
    public void Image_folder_numbers_test_classes_as_the_training_images_do()
    {
        using var folder = new TemporaryFolder();
        foreach (string path in (string[])["train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/2.png", "test/b/2.png"])
        {
            folder.Write(path, SampleFiles.Picture(4, 4, SKColors.Red));
        }

        SourceSplits data = ImageFolderLoader.Load(folder.Path, "mine");
        Assert.Equal(data.Train!.ClassNames, data.Test!.ClassNames);
        Assert.Equal([1, 2], data.Test.Labels.ToArray());
        folder.Write("test/d/3.png", SampleFiles.Picture(4, 4, SKColors.Red));
        Assert.Contains("class 'd'", Assert.Throws<DatasetException>(() => ImageFolderLoader.Load(folder.Path, "mine")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_folder_of_grey_files_has_one_channel_and_no_labels()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.png", SampleFiles.Picture(3, 3, new SKColor(70, 70, 70), grey: true));
        ImageDataset data = ImageFolderLoader.Load(folder.Path, "mine").Train!;
        Assert.Equal(1, data.Channels);
        Assert.False(data.HasLabels);
        Assert.True(data.Image(0).ToArray().All(v => v == 70));
    }

    [Fact]
    public void Image_folder_sizes_must_agree_unless_a_size_is_given()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.png", SampleFiles.Picture(4, 4, SKColors.Blue));
        folder.Write("2.png", SampleFiles.Picture(8, 4, SKColors.Blue));
        Assert.Contains("2.png has 8 x 4", Assert.Throws<DatasetException>(() => ImageFolderLoader.Load(folder.Path, "m")).Message, StringComparison.Ordinal);
        ImageDataset data = ImageFolderLoader.Load(folder.Path, "m", size: 8).Train!;
        Assert.Equal((2, 8, 8), (data.Count, data.Height, data.Width));
        Assert.True(data.Image(1)[128..].ToArray().All(v => v == 255));
    }

    [Fact]
    public void Image_folder_names_a_file_that_is_no_picture_or_breaks_off()
    {
        byte[] picture = SampleFiles.Picture(32, 32, SKColors.Blue);
        foreach (byte[] bad in (byte[][])[[], [1, 2, 3], picture[..(picture.Length / 2)]])
        {
            using var folder = new TemporaryFolder();
            folder.Write("good.png", picture);
            folder.Write("wrong.png", bad);
            Assert.Contains("wrong.png", Assert.Throws<DatasetException>(() => ImageFolderLoader.Load(folder.Path, "m")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Image_folder_refuses_a_png_that_announces_a_giant_picture()
    {
        // The width is in the IHDR chunk, whose checksum covers bytes 12 to 28.
        byte[] giant = SampleFiles.Picture(4, 4, SKColors.Blue);
        giant[17] = 0x0F;
        uint crc = uint.MaxValue;
        foreach (byte b in giant.AsSpan(12, 17))
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(giant.AsSpan(29), ~crc);
        using var folder = new TemporaryFolder();
        folder.Write("giant.png", giant);
        Assert.Contains("announces 4 x 983044 pixels", Assert.Throws<DatasetException>(() => ImageFolderLoader.Load(folder.Path, "m")).Message, StringComparison.Ordinal);
    }
}
