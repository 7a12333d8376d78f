using System.Buffers.Binary;
using System.Text;

using OrleansDDM.Learning.Serialization;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

public sealed class SafetensorsFormatTests
{
    /// <summary>A file from its header text and the length of its buffer; the length field tells the truth.</summary>
    internal static byte[] File(string header, int buffer = 0)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + buffer];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes, 8);
        for (int i = 0; i < buffer; i++)
        {
            bytes[8 + json.Length + i] = (byte)i;
        }

        return bytes;
    }

    [Theory]
    [InlineData(SafetensorsRule.HeaderStart, " {}", 0)]
    [InlineData(SafetensorsRule.HeaderStart, "[]", 0)]
    [InlineData(SafetensorsRule.HeaderStart, "", 0)]
    [InlineData(SafetensorsRule.HeaderStart, "{}\n", 0)]
    [InlineData(SafetensorsRule.HeaderJson, "{} {}", 0)]
    [InlineData(SafetensorsRule.HeaderJson, "{,}", 0)]
    [InlineData(SafetensorsRule.HeaderJson, "{/**/}", 0)]
    [InlineData(SafetensorsRule.HeaderJson, "{\"a\\ud800\":1}", 0)]
    [InlineData(SafetensorsRule.DuplicateKey, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2)]
    [InlineData(SafetensorsRule.DuplicateKey, """{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.DuplicateKey, """{"__metadata__":{"a":"1","a":"2"}}""", 0)]
    [InlineData(SafetensorsRule.Metadata, """{"__metadata__":{"a":1}}""", 0)]
    [InlineData(SafetensorsRule.Metadata, """{"__metadata__":"a"}""", 0)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":1}""", 0)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{}}""", 0)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.TensorInfo, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}}""", 1)]
    [InlineData(SafetensorsRule.DType, """{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4)]
    [InlineData(SafetensorsRule.Size, """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4)]
    [InlineData(SafetensorsRule.Size, """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0)]
    [InlineData(SafetensorsRule.Size, """{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}""", 0)]
    [InlineData(SafetensorsRule.Offsets, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2)]
    [InlineData(SafetensorsRule.Offsets, """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3)]
    [InlineData(SafetensorsRule.Offsets, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""", 3)]
    [InlineData(SafetensorsRule.Offsets, """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1)]
    [InlineData(SafetensorsRule.Coverage, """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1)]
    [InlineData(SafetensorsRule.Coverage, """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 3)]
    [InlineData(SafetensorsRule.Coverage, "{}", 1)]
    public void Read_refuses_what_breaks_a_rule_and_names_it(SafetensorsRule rule, string header, int buffer)
    {
        var e = Assert.Throws<SafetensorsException>(() => SafetensorsReader.Read(File(header, buffer)));
        Assert.Equal(rule, e.Rule);
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(8, 1)]
    [InlineData(64, 57)]
    [InlineData(64, 100_000_001)]
    [InlineData(64, ulong.MaxValue)]
    [InlineData(64, 1ul << 63)]
    public void Read_refuses_a_header_longer_than_the_file(int bytes, ulong length)
    {
        var file = new byte[bytes];
        file.AsSpan().Fill((byte)' ');
        if (bytes >= 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        }

        Assert.Equal(SafetensorsRule.HeaderLength, Assert.Throws<SafetensorsException>(() => SafetensorsReader.Read(file)).Rule);
    }

    [Fact]
    public void Read_refuses_a_header_that_is_not_utf8()
    {
        byte[] file = File("""{"__metadata__":{"a":"?"}}""");
        file[Array.IndexOf(file, (byte)'?')] = 0xFF;
        Assert.Equal(SafetensorsRule.HeaderJson, Assert.Throws<SafetensorsException>(() => SafetensorsReader.Read(file)).Rule);
    }

    [Fact]
    public void Read_takes_tensors_in_any_header_order_with_padding_scalars_and_empty_tensors()
    {
        SafetensorsFile file = SafetensorsReader.Read(File(
            """{"late":{"data_offsets":[4,6],"shape":[2],"dtype":"I8"},"none":{"dtype":"F64","shape":[0,3],"data_offsets":[4,4]},"scalar":{"dtype":"U32","shape":[],"data_offsets":[0,4]},"__metadata__":{"k":"ü"}}     """,
            6));

        Assert.Equal(["scalar", "none", "late"], file.Names);
        Assert.Equal("ü", file.Metadata["k"]);
        Assert.Equal(1, file["scalar"].Count);
        Assert.Equal([0, 1, 2, 3], file["scalar"].Data.ToArray());
        Assert.Equal(0, file["none"].Count);
        Assert.Equal([0L, 3L], file["none"].Shape);
        Assert.Equal([4, 5], file["late"].Data.ToArray());
    }

    [Fact]
    public void Read_takes_every_dtype_of_the_format()
    {
        (string Name, int Size)[] dtypes =
        [
            ("BOOL", 1), ("U8", 1), ("I8", 1), ("F8_E5M2", 1), ("F8_E4M3", 1), ("I16", 2), ("U16", 2), ("F16", 2), ("BF16", 2),
            ("I32", 4), ("U32", 4), ("F32", 4), ("F64", 8), ("I64", 8), ("U64", 8),
        ];
        Assert.Equal(dtypes.Length, Enum.GetValues<SafetensorsDType>().Length);
        foreach ((string name, int size) in dtypes)
        {
            string header = "{\"a\":{\"dtype\":\"" + name + "\",\"shape\":[3],\"data_offsets\":[0," + (3 * size) + "]}}";
            SafetensorsEntry entry = SafetensorsReader.Read(File(header, 3 * size))["a"];
            Assert.Equal(name, entry.DType.NameOf());
            Assert.Equal(3, entry.Count);
        }
    }

    [Fact]
    public void Read_allocates_no_more_than_a_small_multiple_of_the_file()
    {
        byte[] lie = File("""{"a":{"dtype":"F64","shape":[1000000000000],"data_offsets":[0,8000000000000]}}""", 16);
        byte[] longest = new byte[8 + 1000];
        BinaryPrimitives.WriteUInt64LittleEndian(longest, 100_000_000);
        foreach (byte[] file in new[] { lie, longest })
        {
            Assert.Throws<SafetensorsException>(() => SafetensorsReader.Read(file));
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<SafetensorsException>(() => SafetensorsReader.Read(file));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
        }
    }
}
