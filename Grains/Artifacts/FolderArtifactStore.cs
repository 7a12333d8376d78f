using System.Globalization;
using System.Security.Cryptography;

using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// Artifacts as files <c>artifacts/AA/SHA256</c> under a folder, AA being the first two digits. Corrupt files move to
/// <c>artifacts/quarantine</c>. Several processes may share the folder if each has a writer's name of its own.
/// </summary>
public sealed partial class FolderArtifactStore : IArtifactStore
{
    private readonly string _root;
    private readonly string _temporary;
    private readonly string _quarantine;
    private readonly ILogger<FolderArtifactStore> _logger;

    /// <summary>Opens the store in <paramref name="folder"/>; what a crash of this writer left half-written is removed.</summary>
    public FolderArtifactStore(string folder, ILogger<FolderArtifactStore> logger, string writer = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _logger = logger;
        _root = Path.Combine(Path.GetFullPath(folder), "artifacts");
        _temporary = Path.Combine(_root, "tmp", writer);
        _quarantine = Path.Combine(_root, "quarantine");
        Directory.CreateDirectory(_temporary);
        foreach (string leftover in Directory.EnumerateFiles(_temporary))
        {
            File.Delete(leftover);
        }
    }

    /// <inheritdoc/>
    public ArtifactReference Put(ReadOnlyMemory<byte> bytes, Action<ArtifactReference>? announce = null)
    {
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
        var reference = new ArtifactReference(sha256, bytes.Length);
        announce?.Invoke(reference);
        string path = PathOf(sha256);
        if (File.Exists(path) && IsIntact(path, sha256))
        {
            return reference;
        }

        string folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            AtomicFile.FlushFolder(_root);
        }

        AtomicFile.Write(path, Path.Combine(_temporary, Guid.NewGuid().ToString("N")), stream => stream.Write(bytes.Span));
        return reference;
    }

    /// <inheritdoc/>
    public byte[] Read(string sha256)
    {
        string path = PathOf(sha256);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ArtifactException($"Artifact {sha256} is missing.");
        }

        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == sha256)
        {
            return bytes;
        }

        string aside = Quarantine(path, sha256);
        LogQuarantined(sha256, aside);
        throw new ArtifactException($"Artifact {sha256} is corrupt ({bytes.Length} bytes with another hash); it was moved to '{aside}'.");
    }

    /// <inheritdoc/>
    public bool Contains(string sha256) => File.Exists(PathOf(sha256));

    /// <inheritdoc/>
    public void Delete(string sha256)
    {
        if (Contains(sha256))
        {
            File.Delete(PathOf(sha256));
        }
    }

    private static bool IsIntact(string path, string sha256)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == sha256;
    }

    private string PathOf(string sha256) =>
        sha256 is { Length: 64 } && sha256.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'))
            ? Path.Combine(_root, sha256[..2], sha256)
            : throw new ArgumentException($"'{sha256}' is not an artifact's name; it is 64 lower-case hex digits.", nameof(sha256));

    private string Quarantine(string path, string sha256)
    {
        Directory.CreateDirectory(_quarantine);
        for (int n = 1; ; n++)
        {
            string aside = Path.Combine(_quarantine, sha256 + "." + n.ToString(CultureInfo.InvariantCulture));
            if (!File.Exists(aside))
            {
                File.Move(path, aside);
                return aside;
            }
        }
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "Artifact {Sha256} is corrupt and was moved to {Path}")]
    private partial void LogQuarantined(string sha256, string path);
}
