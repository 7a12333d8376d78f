using OrleansDDM.Learning.Data;
using OrleansDDM.Tests.House;

using SkiaSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Data;

/// <summary>Seeded mutations of good files: each is read, or refused with a <see cref="DatasetException"/>; nothing else, and no wild allocation.</summary>
public class LoaderFuzzTests
{
    [Fact]
    public void Idx_survives_mutations() => Fuzz(
        SampleFiles.IdxImages(5, 4, 4), file => IdxLoader.Read(new MemoryStream(file), "f", null, "", "x", "train"));

    [Fact]
    public void Packed_idx_survives_mutations() => Fuzz(
        SampleFiles.Gzip(SampleFiles.IdxImages(5, 4, 4)), file => IdxLoader.Read(new MemoryStream(file), "f", null, "", "x", "train"));

    [Fact]
    public void Idx_labels_survive_mutations()
    {
        byte[] images = SampleFiles.IdxImages(9, 2, 2);
        Fuzz(SampleFiles.IdxLabels(9), file => IdxLoader.Read(new MemoryStream(images), "i", new MemoryStream(file), "f", "x", "train"));
    }

    [Fact]
    public void Cifar_archive_survives_mutations() => Fuzz(
        SampleFiles.Tar(("a/readme.txt", new byte[100]), ("a/data_batch_1.bin", SampleFiles.CifarBatch(1))),
        file => Cifar10Loader.ReadArchive(new MemoryStream(file), "f").Train ?? Cifar10Loader.ReadArchive(new MemoryStream(file), "f").Test!,
        reach: 1600);

    [Fact]
    public void Packed_cifar_archive_survives_mutations() => Fuzz(
        SampleFiles.Gzip(SampleFiles.Tar(("a/data_batch_1.bin", SampleFiles.CifarBatch(1)))),
        file => Cifar10Loader.ReadArchive(new MemoryStream(file), "f").Train ?? Cifar10Loader.ReadArchive(new MemoryStream(file), "f").Test!);

    [Fact]
    public void Optdigits_survives_mutations() => Fuzz(
        SampleFiles.Optdigits(3), file => OptdigitsLoader.Read(new MemoryStream(file), "f"));

    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    public void Pictures_survive_mutations(SKEncodedImageFormat format)
    {
        using var folder = new TemporaryFolder();
        Fuzz(SampleFiles.Picture(9, 7, SKColors.Orange, format), file =>
        {
            folder.Write("f.png", file);
            return ImageFolderLoader.LoadSplit(folder.Path, "f", "train");
        });
    }

    private static void Fuzz(byte[] good, Func<byte[], ImageDataset> read, int reach = int.MaxValue)
    {
        Assert.True(read(good).Count > 0);
        var random = new Random(20260301);
        int refused = 0;
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            byte[] file = Mutate(good, random, reach);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ImageDataset data = read(file);
                Assert.True(data.Pixels.Length <= 64 * 1024 * 1024);
            }
            catch (DatasetException)
            {
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
        }

        Assert.InRange(refused, 1, FuzzInputs.Count);
    }

    private static byte[] Mutate(byte[] good, Random random, int reach)
    {
        List<byte> file = [.. good];
        for (int edits = random.Next(1, 4); edits > 0 && file.Count > 0; edits--)
        {
            int at = random.Next(Math.Min(reach, file.Count));
            switch (random.Next(6))
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next(256);
                    break;
                case 2:
                    file[random.Next(Math.Min(16, file.Count))] = 0xFF;
                    break;
                case 3:
                    file.RemoveRange(at, file.Count - at);
                    break;
                case 4:
                    file.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    file.RemoveAt(at);
                    break;
            }
        }

        return [.. file];
    }
}
