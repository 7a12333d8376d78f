using System.Text.Json.Nodes;

using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

public sealed class ModelFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    private string Model => Path.Combine(_folder.FullName, "model");

    public void Dispose() => _folder.Delete(recursive: true);

    private static byte[] Weights(float value) => SafetensorsWriter.Write([SafetensorsEntry.Of("w", [2], [value, -value])]);

    internal static ModelContents Contents(string name = "a") => new()
    {
        Spec = new RunSpec { Name = name, Seed = 7, Experts = new ExpertsSpec { Count = 2 } },
        Channels = 3,
        Height = 8,
        Width = 16,
        Classes = 10,
        Priors = [0.1, 0.9],
        Experts = [Weights(1), Weights(2)],
        Router = Weights(3),
        Extra = new JsonObject { ["note"] = "<ü>", ["features"] = new JsonArray(1.5, 2) },
    };

    [Fact]
    public void Read_gives_what_was_written()
    {
        ModelFolder.Write(Model, Contents());
        ModelContents read = ModelFolder.Read(Model);

        Assert.Equal(SpecJson.Hash(Contents().Spec), SpecJson.Hash(read.Spec));
        Assert.Equal((3, 8, 16, 10), (read.Channels, read.Height, read.Width, read.Classes));
        Assert.Equal([0.1, 0.9], read.Priors);
        Assert.Equal(Contents().Experts, read.Experts);
        Assert.Equal(Contents().Router, read.Router);
        Assert.True(JsonNode.DeepEquals(Contents().Extra, read.Extra));
    }

    [Fact]
    public void Write_lays_the_folder_out_as_diffusers_does()
    {
        ModelFolder.Write(Model, Contents());

        string[] files = [.. Directory.EnumerateFiles(Model, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Model, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "clusters.json", "expert_0/config.json", "expert_0/diffusion_pytorch_model.safetensors", "expert_1/config.json",
                "expert_1/diffusion_pytorch_model.safetensors", "extra.json", "manifest.json", "model_index.json", "router/config.json",
                "router/diffusion_pytorch_model.safetensors", "run.json",
            ],
            files);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(Model, "router/config.json")))!;
        Assert.Equal((3, 2), ((int)config["in_channels"]!, (int)config["out_channels"]!));
        Assert.Equal([Model], Directory.EnumerateFileSystemEntries(_folder.FullName));
    }

    [Fact]
    public void Model_of_one_expert_has_no_router()
    {
        ModelFolder.Write(Model, Contents() with { Spec = new RunSpec { Experts = new ExpertsSpec { Count = 1 } }, Priors = [1], Experts = [Weights(1)], Router = null });
        Assert.Null(ModelFolder.Read(Model).Router);
        Assert.False(Directory.Exists(Path.Combine(Model, "router")));
    }

    [Theory]
    [InlineData("run.json")]
    [InlineData("clusters.json")]
    [InlineData("model_index.json")]
    [InlineData("extra.json")]
    [InlineData("expert_1/config.json")]
    [InlineData("expert_1/diffusion_pytorch_model.safetensors")]
    [InlineData("router/diffusion_pytorch_model.safetensors")]
    public void Read_refuses_a_file_that_is_changed_cut_or_missing(string file)
    {
        ModelFolder.Write(Model, Contents());
        string path = Path.Combine(Model, file);
        byte[] bytes = File.ReadAllBytes(path);

        byte[] flipped = [.. bytes];
        flipped[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, flipped);
        Assert.Contains("SHA-256", Refused(file), StringComparison.Ordinal);

        File.WriteAllBytes(path, bytes[..^1]);
        Assert.Contains("bytes", Refused(file), StringComparison.Ordinal);

        File.Delete(path);
        Assert.Contains("missing", Refused(file), StringComparison.Ordinal);

        File.WriteAllBytes(path, bytes);
        ModelFolder.Read(Model);
    }

    [Fact]
    public void Read_refuses_a_folder_without_manifest()
    {
        ModelFolder.Write(Model, Contents());
        File.Delete(Path.Combine(Model, "manifest.json"));
        Assert.Contains("missing", Refused("manifest.json"), StringComparison.Ordinal);
        Assert.Throws<ModelIntegrityException>(() => ModelFolder.Read(Path.Combine(_folder.FullName, "nowhere")));
    }

    [Theory]
    [InlineData("\"run.json\"", "\"../run.json\"")]
    [InlineData("\"run.json\"", "\"/etc/passwd\"")]
    [InlineData("\"run.json\"", "\"./run.json\"")]
    [InlineData("\"run.json\"", "\"clusters.json\"")]
    [InlineData("\"run.json\"", "null")]
    [InlineData("\"orleans-ddm-model\"", "\"other\"")]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("{", "")]
    public void Read_refuses_a_manifest_that_breaks_its_rules(string from, string to)
    {
        ModelFolder.Write(Model, Contents());
        string path = Path.Combine(Model, "manifest.json");
        string text = File.ReadAllText(path);
        int at = text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0);
        File.WriteAllText(path, text[..at] + to + text[(at + from.Length)..]);
        Assert.Throws<ModelIntegrityException>(() => ModelFolder.Read(Model));
    }

    [Fact]
    public void Read_refuses_a_manifest_that_does_not_list_a_needed_file()
    {
        ModelFolder.Write(Model, Contents());
        string path = Path.Combine(Model, "manifest.json");
        JsonObject manifest = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        JsonArray files = manifest["files"]!.AsArray();
        files.Remove(files.Single(file => (string)file!["path"]! == "clusters.json"));
        File.WriteAllText(path, manifest.ToJsonString());
        Assert.Contains("clusters.json", Refused("manifest.json"), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ignores_files_that_are_not_listed()
    {
        ModelFolder.Write(Model, Contents());
        File.WriteAllText(Path.Combine(Model, "README.md"), "mine");
        ModelFolder.Read(Model);
    }

    [Fact]
    public void Write_refuses_parts_that_do_not_fit_and_writes_nothing()
    {
        ModelContents good = Contents();
        (ModelContents Bad, string File)[] cases =
        [
            (good with { Priors = [0.5, 0.6] }, "clusters.json"), (good with { Priors = [1] }, "clusters.json"),
            (good with { Priors = [double.NaN, 1] }, "clusters.json"), (good with { Channels = 0 }, "model_index.json"),
            (good with { Experts = [Weights(1)] }, "model_index.json"), (good with { Router = null }, "model_index.json"),
            (good with { Experts = [Weights(1), [1, 2, 3]] }, "expert_1/diffusion_pytorch_model.safetensors"),
        ];
        foreach ((ModelContents bad, string file) in cases)
        {
            Assert.Equal(file, Assert.Throws<ModelIntegrityException>(() => ModelFolder.Write(Model, bad)).File);
            Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.FullName));
        }
    }

    [Fact]
    public void Write_replaces_a_model_and_clears_what_a_crash_left()
    {
        ModelFolder.Write(Model, Contents("old"));
        string left = Path.Combine(_folder.FullName, ".model.0123.tmp");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "half"), "x");

        ModelFolder.Write(Model, Contents("new"));

        Assert.Equal("new", ModelFolder.Read(Model).Spec.Name);
        Assert.Equal([Model], Directory.EnumerateFileSystemEntries(_folder.FullName));
    }

    [Fact]
    public void Write_does_not_replace_a_folder_that_is_no_model()
    {
        Directory.CreateDirectory(Model);
        File.WriteAllText(Path.Combine(Model, "thesis.txt"), "x");
        Assert.Throws<IOException>(() => ModelFolder.Write(Model, Contents()));
        Assert.True(File.Exists(Path.Combine(Model, "thesis.txt")));
    }

    private string Refused(string file)
    {
        var e = Assert.Throws<ModelIntegrityException>(() => ModelFolder.Read(Model));
        Assert.Equal(file, e.File);
        return e.Message;
    }
}
