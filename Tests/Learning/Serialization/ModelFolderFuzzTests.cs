using System.Text;
using System.Text.Json.Nodes;

using OrleansDDM.Learning.Serialization;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

/// <summary>Seeded mutants of a good model folder: each is read, or refused with a <see cref="ModelIntegrityException"/>; nothing else, and no wild allocation.</summary>
public sealed class ModelFolderFuzzTests : IDisposable
{
    private const long MostBytes = 4 << 20;

    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "null", "true", "-1", "0", "1e999", "9223372036854775808", "../", "/etc/passwd", "\\\\", "run.json",
            "\"path\":", "\"files\":", "\"bytes\":", "\"sha256\":", "\"version\":", "\"experts\":", "\0", "\u00e9",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF, 0xFE],
    ];

    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "2", "1e308", "9223372036854775807", "1e999", "[]", "{}", "[null]", "\"\"", "\"\\u0000\"", "\"run.json\\u0000\"", "\"run.json\\n\"",
        "\"../run.json\"", "\"/etc/passwd\"", "\"expert_0\"", "\"expert_0/../run.json\"", "\"run.json/\"", "\"run.json\"", $"\"{new string('a', 5000)}\"", "\"C:run.json\"",
        new string('[', 60) + new string(']', 60),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly ModelContents _good = ModelFolderTests.Contents();
    private readonly Random _random = new(20261123);

    public ModelFolderFuzzTests() => ModelFolder.Write(Model, _good);

    private string Model => Path.Combine(_folder.FullName, "model");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Mutants_of_a_manifest_are_read_or_refused()
    {
        string manifest = Path.Combine(Model, ModelManifest.FileName);
        byte[] seed = File.ReadAllBytes(manifest);
        Run(i =>
        {
            byte[] mutant = Mutate(seed, i);
            File.WriteAllBytes(manifest, mutant);
            return mutant;
        });
    }

    [Fact]
    public void Mutants_of_what_a_true_manifest_lists_are_read_or_refused()
    {
        Dictionary<string, byte[]> files = ModelManifest.ReadFiles(Model);
        string[] names = [ModelFolder.IndexFile, ModelFolder.ClustersFile, ModelFolder.RunFile, ModelFolder.ExtraFile];
        Run(i =>
        {
            string name = names[i / 2 % names.Length];
            byte[] mutant = Mutate(files[name], i);
            foreach (string other in names)
            {
                File.WriteAllBytes(Path.Combine(Model, other), other == name ? mutant : files[other]);
            }

            var told = new Dictionary<string, byte[]>(files) { [name] = mutant };
            File.WriteAllBytes(Path.Combine(Model, ModelManifest.FileName), ModelManifest.Of(told).Write());
            return mutant;
        });
    }

    private void Run(Func<int, byte[]> write)
    {
        ModelFolder.Read(Model); // What is allocated once is not counted.
        int refused = 0;
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            byte[] mutant = write(i);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? fault = Record.Exception(() => Assert.Equal(_good.Experts, ModelFolder.Read(Model).Experts));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
            Assert.True(fault is null or ModelIntegrityException, $"Input {i} ended with {fault}\n{Encoding.UTF8.GetString(mutant)}");
            refused += fault is null ? 0 : 1;
        }

        Assert.InRange(refused, 1, FuzzInputs.Count);
    }

    // By bytes and by values in turns: of the former few are JSON at all.
    private byte[] Mutate(byte[] seed, int input) => input % 2 == 0 ? FuzzInputs.Mutate(seed, _random, Words) : Replace(seed);

    /// <summary>Gives one value of the document, whichever, another content, or takes it out.</summary>
    private byte[] Replace(byte[] seed)
    {
        JsonNode root = JsonNode.Parse(seed)!;
        JsonNode[] nodes = [root, .. Below(root)];
        JsonNode node = nodes[_random.Next(nodes.Length)];
        string value = Values[_random.Next(Values.Length)];
        if (node == root)
        {
            return Encoding.UTF8.GetBytes(value);
        }

        if (node.Parent is JsonArray list && _random.Next(4) == 0)
        {
            list.Remove(node);
        }
        else if (node.Parent is JsonObject owner && _random.Next(4) == 0)
        {
            owner.Remove(node.GetPropertyName());
        }
        else
        {
            const string mark = "-the-mark-";
            node.ReplaceWith(mark);
            return Encoding.UTF8.GetBytes(root.ToJsonString().Replace($"\"{mark}\"", value, StringComparison.Ordinal));
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static IEnumerable<JsonNode> Below(JsonNode node)
    {
        IEnumerable<JsonNode?> children = node switch
        {
            JsonObject owner => owner.Select(p => p.Value),
            JsonArray list => list,
            _ => [],
        };
        return children.OfType<JsonNode>().SelectMany(c => Below(c).Prepend(c));
    }
}
