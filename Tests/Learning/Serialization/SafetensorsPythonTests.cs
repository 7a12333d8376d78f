using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

using OrleansDDM.Learning.Serialization;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

/// <summary>
/// Files go to and come from a reader and writer that shares no code with ours. Where there is no Python the second half of
/// each test still decodes the bytes by hand; under CI a missing Python is a failure.
/// </summary>
public sealed class SafetensorsPythonTests : IDisposable
{
    private const string Reader = """
        import json, struct, sys
        FORMATS = {'F32': '<%df', 'F64': '<%dd', 'I64': '<%dq', 'U8': '<%dB', 'F16': '<%de'}
        data = open(sys.argv[1], 'rb').read()
        (n,) = struct.unpack('<Q', data[:8])
        assert n % 8 == 0 and data[8:9] == b'{'
        header = json.loads(data[8:8 + n].decode('utf-8'))
        buffer = data[8 + n:]
        result = {'__metadata__': header.pop('__metadata__', {})}
        for name, info in header.items():
            begin, end = info['data_offsets']
            count = 1
            for d in info['shape']: count *= d
            result[name] = [info['dtype'], info['shape'], list(struct.unpack(FORMATS[info['dtype']] % count, buffer[begin:end]))]
        print(json.dumps(result))
        """;

    private const string Writer = """
        import json, struct, sys
        bf16 = lambda x: struct.pack('<f', x)[2:]
        tensors = [('w', 'F32', [2, 2], struct.pack('<4f', 1, -2.5, 0.1, 3e38)), ('h', 'F16', [2], struct.pack('<2e', 0.5, -65504)),
                   ('b', 'BF16', [3], bf16(1) + bf16(-2.5) + bf16(1e30)), ('flag', 'BOOL', [], b'\x01'), ('none', 'F64', [0], b''),
                   ('q', 'I64', [1], struct.pack('<q', -2**63))]
        header, buffer = {'__metadata__': {'format': 'pt', 'name': '\u00fcber'}}, b''
        for name, dtype, shape, data in tensors:
            header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [len(buffer), len(buffer) + len(data)]}
            buffer += data
        text = json.dumps(header).encode('utf-8')
        open(sys.argv[1], 'wb').write(struct.pack('<Q', len(text)) + text + buffer)
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Files_of_ours_are_read_by_python()
    {
        string path = Path.Combine(_folder.FullName, "ours.safetensors");
        SafetensorsWriter.Save(
            path,
            [
                SafetensorsEntry.Of("w", [2, 2], [1f, -2.5f, 0.1f, 3e38f]), SafetensorsEntry.Of("d", [1], [Math.PI]),
                SafetensorsEntry.Of("q", [], [long.MinValue]), SafetensorsEntry.Of("u", [0, 3], ReadOnlySpan<byte>.Empty),
            ],
            new Dictionary<string, string> { ["name"] = "über" });

        if (Python(Reader, path) is { } output)
        {
            using JsonDocument read = JsonDocument.Parse(output);
            Assert.Equal("über", read.RootElement.GetProperty("__metadata__").GetProperty("name").GetString());
            Assert.Equal("[\"F64\", [1], [3.141592653589793]]", read.RootElement.GetProperty("d").GetRawText());
            Assert.Equal("[\"I64\", [], [-9223372036854775808]]", read.RootElement.GetProperty("q").GetRawText());
            Assert.Equal("[\"U8\", [0, 3], []]", read.RootElement.GetProperty("u").GetRawText());
            Assert.Equal("[2, 2]", read.RootElement.GetProperty("w")[1].GetRawText());
            Assert.Equal([1f, -2.5f, 0.1f, 3e38f], read.RootElement.GetProperty("w")[2].EnumerateArray().Select(value => (float)value.GetDouble()));
        }

        byte[] bytes = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        Assert.Equal("[16,32]", json.RootElement.GetProperty("w").GetProperty("data_offsets").GetRawText());
        Assert.Equal("0000803F000020C0CDCCCC3DE6B1617F", Convert.ToHexString(bytes.AsSpan(8 + header + 16, 16)));
        Assert.Equal("182D4454FB210940" + "0000000000000080", Convert.ToHexString(bytes.AsSpan(8 + header, 16)));
    }

    [Fact]
    public void Files_of_python_are_read_by_ours()
    {
        string path = Path.Combine(_folder.FullName, "python.safetensors");
        if (Python(Writer, path) is not null)
        {
            Check(SafetensorsReader.Open(path));
        }

        // The same file by hand, as json.dumps writes it: with spaces after ':' and ',' and with escapes.
        byte[] header = Encoding.ASCII.GetBytes(
            """{"__metadata__": {"format": "pt", "name": "\u00fcber"}, "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "h": {"dtype": "F16", "shape": [2], "data_offsets": [16, 20]}, "b": {"dtype": "BF16", "shape": [3], "data_offsets": [20, 26]}, "flag": {"dtype": "BOOL", "shape": [], "data_offsets": [26, 27]}, "none": {"dtype": "F64", "shape": [0], "data_offsets": [27, 27]}, "q": {"dtype": "I64", "shape": [1], "data_offsets": [27, 35]}}""");
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        Check(SafetensorsReader.Read((byte[])[.. length, .. header, .. Convert.FromHexString("0000803F000020C0CDCCCC3DE6B1617F" + "0038FFFB" + "803F20C04971" + "01" + "0000000000000080")]));
    }

    private static void Check(SafetensorsFile file)
    {
        Assert.Equal("über", file.Metadata["name"]);
        Assert.Equal([1f, -2.5f, 0.1f, 3e38f], file["w"].ToFloats());
        Assert.Equal([0.5f, -65504f], file["h"].ToFloats());
        Assert.Equal([1f, -2.5f], file["b"].ToFloats()[..2]);
        Assert.InRange(file["b"].ToFloats()[2], 0.99e30f, 1e30f);
        Assert.Equal([1], file["flag"].Data.ToArray());
        Assert.Equal(0, file["none"].Count);
        Assert.Equal([long.MinValue], file["q"].ToInt64s());
    }

    /// <summary>Runs a script on one file; null where there is no Python, which CI does not allow.</summary>
    private static string? Python(string script, string path)
    {
        var start = new ProcessStartInfo("python3") { RedirectStandardOutput = true, RedirectStandardError = true, ArgumentList = { "-c", script, path } };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error.Result);
            return output;
        }
        catch (Win32Exception)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "python3 is missing; CI needs it to check safetensors from outside.");
            return null;
        }
    }
}
