using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Serialization;

/// <summary>
/// A servable model on disk, in the layout that users of diffusers and Paris know: <c>model_index.json</c>,
/// <c>expert_{k}/</c> and <c>router/</c> with <c>config.json</c> and <c>diffusion_pytorch_model.safetensors</c>,
/// <c>clusters.json</c> (priors), <c>run.json</c> (the spec), <c>extra.json</c>, and <c>manifest.json</c>, written last.
/// </summary>
public static class ModelFolder
{
    internal const string IndexFile = "model_index.json";
    internal const string ClustersFile = "clusters.json";
    internal const string RunFile = "run.json";
    internal const string ExtraFile = "extra.json";
    internal const string RouterFolder = "router";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private sealed record Index(int Channels, int Height, int Width, int Classes, int Experts, bool Router);

    private sealed record Clusters(int Count, double[] Priors);

    /// <summary>
    /// Writes the model to <paramref name="path"/>, replacing a model that is there. It is written to a temporary sibling and
    /// renamed, so that no half-written folder is ever seen under the final name; a crash between moving the old model aside
    /// and renaming leaves none under it, and the next write puts the old one back first. One writer at a time.
    /// </summary>
    /// <exception cref="ModelIntegrityException">The parts do not fit together; nothing is written.</exception>
    /// <exception cref="IOException">The path holds something that is not a model, or cannot be written.</exception>
    public static void Write(string path, ModelContents contents)
    {
        ArgumentNullException.ThrowIfNull(contents);
        contents.Validate();
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full) || (Directory.Exists(full) && !File.Exists(Path.Combine(full, ModelManifest.FileName)) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            throw new IOException($"'{path}' exists and is not a model folder; name another path or remove it.");
        }

        string parent = Path.GetDirectoryName(full) ?? throw new IOException($"'{path}' has no parent folder.");
        Directory.CreateDirectory(parent);
        string prefix = $".{Path.GetFileName(full)}.";
        string aside = Path.Combine(parent, $"{prefix}old.tmp");
        if (!Directory.Exists(full) && Directory.Exists(aside))
        {
            Directory.Move(aside, full);
        }

        foreach (string leftover in Directory.EnumerateDirectories(parent, prefix + "*.tmp"))
        {
            Directory.Delete(leftover, recursive: true);
        }

        string temporary = Path.Combine(parent, $"{prefix}{Guid.NewGuid():N}.tmp");
        try
        {
            WriteFiles(temporary, Files(contents));
            Replace(temporary, full, aside);
        }
        catch
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }

            throw;
        }

        AtomicFile.FlushFolder(parent);
    }

    /// <summary>Reads a model; every byte is checked against the manifest before any of it is used. Unlisted files are ignored.</summary>
    /// <exception cref="ModelIntegrityException">A file is missing, has another size or hash, or does not fit the others.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ModelContents Read(string path)
    {
        Dictionary<string, byte[]> files = ModelManifest.ReadFiles(path);
        byte[] File(string name) => files.TryGetValue(name, out byte[]? bytes)
            ? bytes
            : throw new ModelIntegrityException(ModelManifest.FileName, $"does not list '{name}'");

        Index index = Parse<Index>(IndexFile, File(IndexFile));
        Clusters clusters = Parse<Clusters>(ClustersFile, File(ClustersFile));
        var contents = new ModelContents
        {
            Spec = ParseSpec(File(RunFile)),
            Channels = index.Channels,
            Height = index.Height,
            Width = index.Width,
            Classes = index.Classes,
            Priors = clusters.Priors ?? throw new ModelIntegrityException(ClustersFile, "has no priors"),
            Experts = [.. Enumerable.Range(0, Math.Clamp(index.Experts, 0, files.Count)).Select(k => File(WeightsOf(ExpertFolder(k))))],
            Router = index.Router ? File(WeightsOf(RouterFolder)) : null,
            Extra = files.TryGetValue(ExtraFile, out byte[]? extra) ? Parse<JsonObject>(ExtraFile, extra) : [],
        };
        contents.Validate();
        return contents;
    }

    internal static string ExpertFolder(int k) => $"expert_{k}";

    internal static string WeightsOf(string folder) => $"{folder}/diffusion_pytorch_model.safetensors";

    private static Dictionary<string, byte[]> Files(ModelContents contents)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [IndexFile] = IndexJson(contents),
            [ClustersFile] = Json(new Clusters(contents.Priors.Length, contents.Priors)),
            [RunFile] = System.Text.Encoding.UTF8.GetBytes(SpecJson.Write(contents.Spec)),
            [ExtraFile] = Json(contents.Extra),
        };
        for (int k = 0; k < contents.Experts.Length; k++)
        {
            files[$"{ExpertFolder(k)}/config.json"] = Config(contents, contents.Spec.Model, "expert", contents.Channels);
            files[WeightsOf(ExpertFolder(k))] = contents.Experts[k];
        }

        if (contents.Router is not null)
        {
            files[$"{RouterFolder}/config.json"] = Config(contents, contents.Spec.Router.Model, "router", contents.Experts.Length);
            files[WeightsOf(RouterFolder)] = contents.Router;
        }

        return files;
    }

    /// <summary>The keys that the reader wants, and beside them one key per component, as diffusers lists its pipelines.</summary>
    private static byte[] IndexJson(ModelContents contents)
    {
        var index = new Index(
            contents.Channels, contents.Height, contents.Width, contents.Classes, contents.Experts.Length, contents.Router is not null);
        JsonObject json = JsonSerializer.SerializeToNode(index, Options)!.AsObject();
        json.Insert(0, "_class_name", "DecentralizedDiffusionModel");
        for (int k = 0; k < contents.Experts.Length; k++)
        {
            json[ExpertFolder(k)] = new JsonArray("orleansddm", contents.Spec.Model.Kind);
        }

        return Json(json);
    }

    private static byte[] Config(ModelContents contents, ModelSpec model, string role, int outputs)
    {
        JsonObject json = JsonSerializer.SerializeToNode(model, Options)!.AsObject();
        json.Insert(0, "_class_name", model.Kind);
        json["role"] = role;
        json["sample_size"] = new JsonArray(contents.Height, contents.Width);
        json["in_channels"] = contents.Channels;
        json["out_channels"] = outputs;
        json["num_classes"] = contents.Classes;
        json["diffusion"] = JsonSerializer.SerializeToNode(contents.Spec.Diffusion, Options);
        return Json(json);
    }

    private static void WriteFiles(string folder, Dictionary<string, byte[]> files)
    {
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] bytes) in files)
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.WriteThrough(path, stream => stream.Write(bytes));
        }

        foreach (string part in Directory.EnumerateDirectories(folder))
        {
            AtomicFile.FlushFolder(part);
        }

        AtomicFile.WriteThrough(Path.Combine(folder, ModelManifest.FileName), stream => stream.Write(ModelManifest.Of(files).Write()));
        AtomicFile.FlushFolder(folder);
    }

    private static void Replace(string temporary, string path, string aside)
    {
        bool old = Directory.Exists(path);
        if (old)
        {
            Directory.Move(path, aside);
        }

        try
        {
            Directory.Move(temporary, path);
        }
        catch when (old)
        {
            Directory.Move(aside, path);
            throw;
        }

        if (old)
        {
            Directory.Delete(aside, recursive: true);
        }
    }

    private static RunSpec ParseSpec(byte[] bytes)
    {
        try
        {
            return SpecJson.Read(System.Text.Encoding.UTF8.GetString(bytes));
        }
        catch (SpecException e)
        {
            throw new ModelIntegrityException(RunFile, $"is no valid spec: {e.Message}", e);
        }
    }

    private static byte[] Json<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    private static T Parse<T>(string file, byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Options) ?? throw new ModelIntegrityException(file, "is null");
        }
        catch (JsonException e)
        {
            throw new ModelIntegrityException(file, "is not JSON of the right form", e);
        }
    }
}
