using System.Security.Cryptography;
using System.Text.Json;

namespace OrleansDDM.Learning.Serialization;

/// <summary>One file of a model folder.</summary>
/// <param name="Path">Relative path with forward slashes.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">SHA-256 of the bytes, 64 lower-case hex digits.</param>
public sealed record ManifestFile(string Path, long Bytes, string Sha256);

/// <summary>The list of a model folder's files, written last. A folder is what its manifest says, or it is not used.</summary>
/// <param name="Format">Always <see cref="FormatName"/>.</param>
/// <param name="Version">Version of the layout; readers refuse a higher one.</param>
/// <param name="Files">Every file but the manifest itself, ordered by path.</param>
public sealed record ModelManifest(string Format, int Version, IReadOnlyList<ManifestFile> Files)
{
    /// <summary>Name of the manifest's file.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The format that this type reads and writes.</summary>
    public const string FormatName = "orleans-ddm-model";

    /// <summary>The version that this type writes.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static ModelManifest Of(IEnumerable<KeyValuePair<string, byte[]>> files) => new(
        FormatName,
        CurrentVersion,
        [.. files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => new ManifestFile(file.Key, file.Value.LongLength, Hash(file.Value)))]);

    internal byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>Reads the manifest of a folder and every file that it lists; each byte is hashed before it is handed out.</summary>
    /// <exception cref="ModelIntegrityException">No or no valid manifest; a file is missing, or has another size or hash.</exception>
    internal static Dictionary<string, byte[]> ReadFiles(string folder)
    {
        ModelManifest manifest = ReadManifest(folder);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (ManifestFile file in manifest.Files)
        {
            CheckPath(file?.Path);
            if (!files.TryAdd(file!.Path, ReadFile(folder, file)))
            {
                throw new ModelIntegrityException(FileName, $"lists '{file.Path}' twice");
            }
        }

        return files;
    }

    private static ModelManifest ReadManifest(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new ModelIntegrityException(FileName, $"is missing: '{folder}' is no model folder, or was not written to its end");
        }

        ModelManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<ModelManifest>(File.ReadAllBytes(path), Options);
        }
        catch (JsonException e)
        {
            throw new ModelIntegrityException(FileName, "is not a manifest in JSON", e);
        }

        if (manifest is not { Format: FormatName, Files: not null })
        {
            throw new ModelIntegrityException(FileName, $"is not of the format '{FormatName}'");
        }

        return manifest.Version is > 0 and <= CurrentVersion
            ? manifest
            : throw new ModelIntegrityException(FileName, $"has version {manifest.Version}; this program reads versions up to {CurrentVersion}");
    }

    private static byte[] ReadFile(string folder, ManifestFile file)
    {
        var info = new FileInfo(Path.Combine(folder, file.Path));
        if (!info.Exists)
        {
            throw new ModelIntegrityException(file.Path, "is missing");
        }

        // The length is looked at first, so that a file that was swapped for a huge one is not read.
        if (info.Length != file.Bytes)
        {
            throw new ModelIntegrityException(file.Path, $"has {info.Length} bytes where the manifest says {file.Bytes}");
        }

        byte[] bytes = File.ReadAllBytes(info.FullName);
        return Hash(bytes) == file.Sha256
            ? bytes
            : throw new ModelIntegrityException(file.Path, "has another SHA-256 than the manifest says");
    }

    /// <summary>A manifest comes from elsewhere: it may name files in its own folder only.</summary>
    private static void CheckPath(string? path)
    {
        bool inside = !string.IsNullOrEmpty(path) && !Path.IsPathRooted(path) && !path.Contains('\\', StringComparison.Ordinal)
            && !path.Contains(':', StringComparison.Ordinal) && !path.Any(char.IsControl) && path.Split('/').All(part => part is not ("" or "." or ".."));
        if (!inside)
        {
            throw new ModelIntegrityException(FileName, $"lists '{path}', which is no path inside the folder");
        }
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
