using System.Text;

using OrleansDDM.Learning.Serialization;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

public sealed class SafetensorsWriterTests
{
    /// <summary>Written by hand: length 112 = 0x70, 105 bytes of JSON, 7 spaces, then 1.0 and -2.5 in float32 and 7 as a byte.</summary>
    [Fact]
    public void Write_gives_the_golden_bytes()
    {
        byte[] written = SafetensorsWriter.Write([SafetensorsEntry.Of("b", [], [(byte)7]), SafetensorsEntry.Of("a", [2], [1f, -2.5f])]);

        const string Json = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}""";
        string golden = "7000000000000000" + Convert.ToHexString(Encoding.ASCII.GetBytes(Json)) + "20202020202020" + "0000803F" + "000020C0" + "07";
        Assert.Equal(105, Json.Length);
        Assert.Equal(golden, Convert.ToHexString(written));
    }

    [Fact]
    public void Write_pads_the_header_with_spaces_to_8_bytes()
    {
        byte[] written = SafetensorsWriter.Write([SafetensorsEntry.Of("ab", [1], [1f])]);

        // 8 bytes of length, 54 bytes of JSON, 2 spaces, 4 bytes of data.
        Assert.Equal("3800000000000000" + "7B226162223A7B226474797065223A22463332222C227368617065223A5B315D2C22646174615F6F666673657473223A5B302C345D7D7D" + "20" + "0000803F",
            Convert.ToHexString(written));
    }

    [Fact]
    public void Write_does_not_depend_on_the_order_of_tensors_and_metadata()
    {
        SafetensorsEntry[] entries = [SafetensorsEntry.Of("z", [1], [1f]), SafetensorsEntry.Of("a", [1], [2L]), SafetensorsEntry.Of("m", [1], [3f])];
        var one = new Dictionary<string, string> { ["x"] = "1", ["a"] = "2" };
        var two = new Dictionary<string, string> { ["a"] = "2", ["x"] = "1" };

        Assert.Equal(SafetensorsWriter.Write(entries, one), SafetensorsWriter.Write(entries.Reverse(), two));
        Assert.Equal(["a", "m", "z"], SafetensorsReader.Read(SafetensorsWriter.Write(entries)).Names);
    }

    [Fact]
    public void Write_then_read_gives_the_same_values_and_names()
    {
        float[] values = [0, -0f, float.Epsilon, float.NaN, float.NegativeInfinity, MathF.PI];
        byte[] written = SafetensorsWriter.Write(
            [SafetensorsEntry.Of("wei\"ght\\ü\n", [2, 3], values), SafetensorsEntry.Of("d", [2], [Math.PI, 1e-300]), SafetensorsEntry.Of("i", [], [long.MinValue])],
            new Dictionary<string, string> { ["spec"] = "{\"a\":1}" });
        SafetensorsFile file = SafetensorsReader.Read(written);

        Assert.Equal(values.Select(BitConverter.SingleToInt32Bits), file["wei\"ght\\ü\n"].ToFloats().Select(BitConverter.SingleToInt32Bits));
        Assert.Equal([Math.PI, 1e-300], file["d"].ToDoubles());
        Assert.Equal([long.MinValue], file["i"].ToInt64s());
        Assert.Equal("{\"a\":1}", file.Metadata["spec"]);
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, file.Entries, file.Metadata);
        Assert.Equal(written, stream.ToArray());
    }

    [Fact]
    public void ToFloats_widens_half_and_brain_floats_exactly()
    {
        var half = new SafetensorsEntry("h", SafetensorsDType.F16, [4], Convert.FromHexString("003C" + "00C1" + "0100" + "007C"));
        var brain = new SafetensorsEntry("b", SafetensorsDType.BF16, [4], Convert.FromHexString("803F" + "20C0" + "4940" + "80FF"));

        Assert.Equal([1f, -2.5f, 5.9604644775390625e-8f, float.PositiveInfinity], half.ToFloats());
        Assert.Equal([1f, -2.5f, 3.140625f, float.NegativeInfinity], brain.ToFloats());
        Assert.Equal([1.0, -2.5, 3.140625, double.NegativeInfinity], brain.ToDoubles());
    }

    [Fact]
    public void ToFloats_refuses_types_that_are_no_floats()
    {
        SafetensorsEntry whole = SafetensorsEntry.Of("i", [1], [1L]);
        Assert.Equal(SafetensorsRule.Conversion, Assert.Throws<SafetensorsException>(() => whole.ToFloats()).Rule);
        Assert.Equal(SafetensorsRule.Conversion, Assert.Throws<SafetensorsException>(() => SafetensorsEntry.Of("f", [1], [1f]).ToInt64s()).Rule);
    }

    [Theory]
    [InlineData("a", "a", SafetensorsRule.DuplicateKey)]
    [InlineData("a", "__metadata__", SafetensorsRule.DuplicateKey)]
    public void Write_refuses_names_that_cannot_be_read_back(string first, string second, SafetensorsRule rule)
    {
        SafetensorsEntry[] entries = [SafetensorsEntry.Of(first, [1], [1f]), SafetensorsEntry.Of(second, [1], [1f])];
        Assert.Equal(rule, Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write(entries)).Rule);
    }

    [Fact]
    public void Write_refuses_a_name_that_is_not_unicode()
    {
        SafetensorsEntry entry = SafetensorsEntry.Of(((char)0xD800).ToString(), [1], [1f]);
        Assert.Equal(SafetensorsRule.HeaderJson, Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write([entry])).Rule);
    }

    [Fact]
    public void Entry_refuses_a_shape_that_does_not_match_its_values() =>
        Assert.Equal(SafetensorsRule.Size, Assert.Throws<SafetensorsException>(() => SafetensorsEntry.Of("a", [2, 2], [1f, 2, 3])).Rule);

    [Fact]
    public void Save_that_fails_leaves_the_old_file_and_no_other()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string path = Path.Combine(folder.FullName, "a.safetensors");
            SafetensorsWriter.Save(path, [SafetensorsEntry.Of("a", [1], [1f])]);
            byte[] old = File.ReadAllBytes(path);
            Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
            {
                stream.Write(new byte[10]);
                throw new InvalidOperationException("the disk is full");
            }));

            Assert.Equal(old, File.ReadAllBytes(path));
            Assert.Equal([path], Directory.GetFiles(folder.FullName));
            SafetensorsWriter.Save(path, [SafetensorsEntry.Of("a", [1], [2f])]);
            Assert.Equal([2f], SafetensorsReader.Open(path)["a"].ToFloats());
            Assert.Equal([path], Directory.GetFiles(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
