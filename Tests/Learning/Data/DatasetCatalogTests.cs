using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

using SkiaSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Data;

public sealed class DatasetCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private DatasetCatalog Catalog(params string[] roots) => new([.. roots.Select(r => Path.Combine(_folder.Path, r))]);

    private void WriteIdx(string folder, int train, int test)
    {
        _folder.Write(folder + "/train-images-idx3-ubyte.gz", SampleFiles.Gzip(SampleFiles.IdxImages(train, 4, 4)));
        _folder.Write(folder + "/train-labels-idx1-ubyte", SampleFiles.IdxLabels(train));
        if (test > 0)
        {
            _folder.Write(folder + "/t10k-images-idx3-ubyte", SampleFiles.IdxImages(test, 4, 4));
        }
    }

    [Theory]
    [InlineData("mnist")]
    [InlineData("MNIST/raw")]
    public void A_name_is_found_in_the_folders_of_a_root(string folder)
    {
        WriteIdx("root/" + folder, 30, 4);
        DatasetLocation found = Catalog("empty", "root").Find("mnist", verify: true);
        Assert.Equal((DatasetFormat.Idx, DatasetChecksum.Differs), (found.Format, found.Checksum));
        Assert.Equal(["train", "test"], found.Splits);
        Assert.Equal(3, found.Files.Count);
    }

    [Fact]
    public void Files_directly_in_a_root_count_for_the_folder_s_name_only()
    {
        WriteIdx("fashion-mnist", 30, 4);
        DatasetCatalog catalog = Catalog("fashion-mnist");
        Assert.Equal("fashion-mnist", catalog.Find("fashion-mnist").Name);
        Assert.Throws<DatasetException>(() => catalog.Find("mnist"));
    }

    [Fact]
    public void The_first_root_wins()
    {
        WriteIdx("a/mnist", 30, 4);
        WriteIdx("b/mnist", 40, 4);
        Assert.StartsWith(Path.Combine(_folder.Path, "b"), Catalog("b", "a").Find("mnist").Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_format_is_found_by_name_or_path()
    {
        _folder.Write("root/digits/optdigits.tra", SampleFiles.Optdigits(30));
        _folder.Write("root/digits/optdigits.tes", SampleFiles.Optdigits(7));
        _folder.Write("root/cifar-10/data_batch_1.bin", SampleFiles.CifarBatch(30));
        _folder.Write("archive/cifar-10-binary.tar.gz", SampleFiles.Gzip(SampleFiles.Tar(("data_batch_1.bin", SampleFiles.CifarBatch(5)))));
        _folder.Write("mine/train/a/1.png", SampleFiles.Picture(4, 4, SKColors.Red));
        string lone = _folder.Write("lone.tra", SampleFiles.Optdigits(9));
        DatasetCatalog catalog = Catalog("root");
        Assert.Equal(DatasetFormat.Optdigits, catalog.Find("digits").Format);
        Assert.Equal(["train"], catalog.Find("cifar-10").Splits);
        Assert.Equal(DatasetFormat.Cifar10Archive, catalog.Find(Path.Combine(_folder.Path, "archive")).Format);
        Assert.Equal(DatasetFormat.ImageFolder, catalog.Find(Path.Combine(_folder.Path, "mine")).Format);
        Assert.Equal(DatasetFormat.Optdigits, catalog.Find(lone).Format);
        Assert.Equal(DatasetFormat.BuiltIn, catalog.Find("shapes").Format);
        Assert.Equal(7, catalog.Load(new DataSpec { Name = "digits", Validation = 0.2 }, 1).Test.Count);
    }

    [Fact]
    public void List_says_what_is_there_and_whether_it_is_official()
    {
        _folder.Write("root/digits/optdigits.tra", SampleFiles.Optdigits(30));
        _folder.Write("root/cifar-10/data_batch_1.bin", SampleFiles.CifarBatch(30));
        Dictionary<string, DatasetLocation?> list = Catalog("root").List().ToDictionary(l => l.Name, l => l.Location);
        Assert.Equal(DatasetCatalog.KnownNames, list.Keys);
        Assert.Null(list["mnist"]);
        Assert.Equal(DatasetChecksum.Differs, list["digits"]!.Checksum);
        Assert.Equal(DatasetChecksum.Unknown, list["cifar-10"]!.Checksum);
        Assert.Equal(DatasetFormat.BuiltIn, list["shapes"]!.Format);
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones_the_roots_and_the_mend()
    {
        string message = Assert.Throws<DatasetException>(() => Catalog("here").Find("mnits")).Message;
        Assert.All(["'mnits'", "fashion-mnist", "shapes", Path.Combine(_folder.Path, "here"), "ddm data get"], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Contains("ddm data get mnist", Assert.Throws<DatasetException>(() => Catalog("here").Find("mnist")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_is_keyed_by_image_and_disjoint()
    {
        var spec = new DataSpec { Name = "shapes", ShapesSize = 8, ShapesCount = 1000, Validation = 0.1 };
        DataSplits splits = Catalog().Load(spec, 4);
        long[] train = splits.Train.Ids.ToArray();
        long[] validation = splits.Validation.Ids.ToArray();
        Assert.Equal(1000, train.Union(validation).Count());
        Assert.InRange(validation.Length, 70, 130);
        Assert.Equal(1000, train.Length + validation.Length);
        Assert.Equal(train.Order(), train);

        DataSplits more = Catalog().Load(spec with { ShapesCount = 2000 }, 4);
        Assert.Equal(validation, more.Validation.Ids.ToArray().Where(id => id < 1000));
        Assert.NotEqual(validation, Catalog().Load(spec, 5).Validation.Ids.ToArray());
        Assert.Equal(splits.Train.Hash, Catalog().Load(spec, 4).Train.Hash);
    }

    [Fact]
    public void A_larger_limit_holds_a_smaller_one()
    {
        var spec = new DataSpec { Name = "shapes", ShapesSize = 8, ShapesCount = 500 };
        long[] few = Catalog().Load(spec with { Limit = 50 }, 4).Train.Ids.ToArray();
        long[] more = Catalog().Load(spec with { Limit = 100 }, 4).Train.Ids.ToArray();
        Assert.Equal((50, 100), (few.Length, more.Length));
        Assert.Empty(few.Except(more));
        Assert.True(more.Max() > 400);
    }

    [Fact]
    public void Without_a_test_split_one_is_held_out()
    {
        WriteIdx("root/mnist", 300, 0);
        DataSplits splits = Catalog("root").Load(new DataSpec { Name = "mnist", Validation = 0.1 }, 1);
        long[] all = [.. splits.Train.Ids.ToArray(), .. splits.Validation.Ids.ToArray(), .. splits.Test.Ids.ToArray()];
        Assert.Equal(Enumerable.Range(0, 300).Select(i => (long)i), all.Order());
        Assert.InRange(splits.Test.Count, 15, 50);
        Assert.Equal("test", splits.Test.Split);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_part_has_an_image_even_of_a_tiny_set(int count)
    {
        WriteIdx("root/mnist", count, 0);
        foreach (double share in (double[])[0.001, 0.33])
        {
            DataSplits splits = Catalog("root").Load(new DataSpec { Name = "mnist", Validation = share }, 1);
            Assert.True(splits is { Train.Count: > 0, Validation.Count: > 0, Test.Count: > 0 });
            Assert.Equal(count, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
        }
    }

    [Fact]
    public void Hold_out_that_leaves_less_than_a_third_to_train_on_is_refused_where_it_also_feeds_the_test_split()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 12; i++)
        {
            folder.Write($"{i}.png", SampleFiles.Picture(8, 8, SkiaSharp.SKColors.Red));
        }

        var spec = new DataSpec { Name = folder.Path, Validation = 0.4 };
        Assert.Equal("data.validation", Assert.Throws<SpecException>(() => Catalog().Load(spec, 1)).Key);
        DataSplits splits = Catalog().Load(spec with { Validation = 0.3 }, 1);
        Assert.Equal(12, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
    }
}
