using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// Artifacts as files <c>artifacts/AA/SHA256</c> under a folder, AA being the first two digits. Corrupt files move to
/// <c>artifacts/quarantine</c>. One process has the folder.
/// </summary>
public sealed partial class FolderArtifactStore : IArtifactStore
{
    // ENOSPC and EDQUOT as .NET hands them on, and ERROR_DISK_FULL of Windows.
    private static readonly int[] DiskFull = [28, 122, unchecked((int)0x80070070)];

    private readonly string _root;
    private readonly string _temporary;
    private readonly string _quarantine;
    private readonly IFileLayer _files;
    private readonly TimeProvider _clock;
    private readonly long _opened;
    private readonly ConcurrentDictionary<string, long> _used = new();
    private readonly ILogger<FolderArtifactStore> _logger;

    /// <summary>Opens the store in <paramref name="folder"/>; what a crash left half-written is removed.</summary>
    /// <param name="folder">Its folder, made if missing.</param>
    /// <param name="logger">Told of corrupt files.</param>
    /// <param name="files">The disk; null = that of the machine.</param>
    /// <param name="clock">Says how long artifacts are idle; null = the system's.</param>
    public FolderArtifactStore(string folder, ILogger<FolderArtifactStore> logger, IFileLayer? files = null, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _logger = logger;
        _files = files ?? new DiskFiles();
        _clock = clock ?? TimeProvider.System;
        _opened = _clock.GetTimestamp();
        _root = Path.Combine(Path.GetFullPath(folder), "artifacts");
        _temporary = Path.Combine(_root, "tmp");
        _quarantine = Path.Combine(_root, "quarantine");
        _files.CreateFolder(_root);
        _files.CreateFolder(_temporary);
        foreach (string leftover in _files.Files(_temporary).ToArray())
        {
            _files.Delete(leftover);
        }
    }

    /// <inheritdoc/>
    public ArtifactReference Put(ReadOnlyMemory<byte> bytes, Action<ArtifactReference>? announce = null)
    {
        var reference = new ArtifactReference(ArtifactNames.Of(bytes.Span), bytes.Length);
        announce?.Invoke(reference);
        Touch(reference.Sha256);
        if (Verify(reference.Sha256))
        {
            return reference;
        }

        using ArtifactWriter writer = Receive(reference);
        writer.Append(bytes.Span);
        return writer.Commit() ? reference : throw new InvalidOperationException($"The bytes of {reference.Sha256} changed while they were written.");
    }

    /// <inheritdoc/>
    public ArtifactWriter Receive(ArtifactReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArtifactNames.Require(reference.Sha256);
        ArgumentOutOfRangeException.ThrowIfNegative(reference.Bytes);
        string temporary = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
        try
        {
            return new ArtifactWriter(this, reference, temporary, PassingErrors.Outlast(() => _files.Create(temporary), _clock));
        }
        catch (Exception e) when (IsOfDisk(e))
        {
            throw Unwritable(reference.Sha256, e);
        }
    }

    /// <inheritdoc/>
    public byte[] Read(string sha256)
    {
        string path = PathOf(sha256);
        Touch(sha256);
        string fault;
        try
        {
            using Stream stream = OpenRead(path);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            if (ArtifactNames.Of(bytes) == sha256)
            {
                return bytes;
            }

            fault = $"corrupt ({bytes.Length} bytes with another hash)";
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ArtifactException($"Artifact {sha256} is missing.");
        }
        catch (IOException e) when (!PassingErrors.Is(e))
        {
            fault = $"unreadable ({e.Message})";
        }

        throw new ArtifactException($"Artifact {sha256} is {fault}; {Quarantine(path, sha256, fault)}.");
    }

    /// <inheritdoc/>
    public byte[] ReadChunk(string sha256, long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        string path = PathOf(sha256);
        Touch(sha256);
        try
        {
            using Stream stream = OpenRead(path);
            byte[] bytes = new byte[(int)Math.Clamp(stream.Length - offset, 0, count)];
            stream.Seek(offset, SeekOrigin.Begin);
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (IOException e)
        {
            throw new ArtifactException($"Artifact {sha256} is missing or cannot be read: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public bool Verify(string sha256)
    {
        string path = PathOf(sha256);
        try
        {
            using Stream stream = OpenRead(path);
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) == sha256)
            {
                return true;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException e) when (!PassingErrors.Is(e))
        {
            Quarantine(path, sha256, e.Message);
            return false;
        }

        Quarantine(path, sha256, "another hash");
        return false;
    }

    /// <inheritdoc/>
    public bool Contains(string sha256) => _files.Exists(PathOf(sha256));

    /// <inheritdoc/>
    public IReadOnlyList<ArtifactReference> List() =>
    [
        .. _files.Files(_root)
            .Where(path => ArtifactNames.IsName(Path.GetFileName(path)) && path == PathOf(Path.GetFileName(path)))
            .Order(StringComparer.Ordinal)
            .Select(path => new ArtifactReference(Path.GetFileName(path), LengthOf(path)))
            .Where(reference => reference.Bytes >= 0),
    ];

    /// <inheritdoc/>
    public int Quarantined() => _files.Files(_quarantine).Count();

    /// <inheritdoc/>
    public TimeSpan Idle(string sha256) => _clock.GetElapsedTime(_used.GetValueOrDefault(sha256, _opened));

    /// <inheritdoc/>
    public void Delete(string sha256)
    {
        _files.Delete(PathOf(sha256));
        _used.TryRemove(sha256, out _);
    }

    internal void Publish(string temporary, Stream stream, string sha256)
    {
        string path = PathOf(sha256);
        try
        {
            // Closed before it has its name: nobody finds a file that is still locked.
            _files.Flush(stream);
            stream.Dispose();
            _files.CreateFolder(Path.GetDirectoryName(path)!);
            _files.Move(temporary, path);
        }
        catch (Exception e) when (IsOfDisk(e))
        {
            throw Unwritable(sha256, e);
        }

        Touch(sha256);
    }

    internal void Discard(string temporary)
    {
        try
        {
            _files.Delete(temporary);
        }
        catch (Exception e) when (IsOfDisk(e))
        {
            // The next start removes it.
            LogNotDiscarded(temporary, e.Message);
        }
    }

    /// <summary>Whether the disk has failed: it is full, broken, or does not let this process.</summary>
    internal static bool IsOfDisk(Exception e) => e is IOException or UnauthorizedAccessException;

    internal ArtifactException Unwritable(string sha256, Exception e) => new(
        DiskFull.Contains(e.HResult)
            ? $"The disk of '{_root}' is full: artifact {sha256} cannot be stored. Free some space, or move the folder to a larger disk."
            : $"Artifact {sha256} cannot be stored in '{_root}': {e.Message}")
    {
        IsUnwritable = true,
    };

    private void Touch(string sha256) => _used[sha256] = _clock.GetTimestamp();

    private string PathOf(string sha256) => Path.Combine(_root, ArtifactNames.Require(sha256)[..2], sha256);

    private Stream OpenRead(string path) => PassingErrors.Outlast(() => _files.OpenRead(path), _clock);

    // Without patience: it is called for every file there is.
    private long LengthOf(string path)
    {
        try
        {
            using Stream stream = _files.OpenRead(path);
            return stream.Length;
        }
        catch (IOException)
        {
            return -1; // deleted meanwhile, or unreadable: whoever wants it finds out
        }
    }

    private string Quarantine(string path, string sha256, string fault)
    {
        try
        {
            _files.CreateFolder(_quarantine);
            for (int n = 1; ; n++)
            {
                string aside = Path.Combine(_quarantine, sha256 + "." + n.ToString(CultureInfo.InvariantCulture));
                if (!_files.Exists(aside))
                {
                    _files.Move(path, aside);
                    LogQuarantined(sha256, fault, aside);
                    return $"it was moved to '{aside}'";
                }
            }
        }
        catch (Exception e) when (IsOfDisk(e))
        {
            LogNotQuarantined(sha256, fault, e.Message);
            return $"it could not be moved aside: {e.Message}";
        }
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "Artifact {Sha256} is bad ({Fault}) and was moved to {Path}")]
    private partial void LogQuarantined(string sha256, string fault, string path);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Error, Message = "Artifact {Sha256} is bad ({Fault}) and cannot be moved aside: {Reason}")]
    private partial void LogNotQuarantined(string sha256, string fault, string reason);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Warning, Message = "The half-written {Path} cannot be deleted: {Reason}")]
    private partial void LogNotDiscarded(string path, string reason);
}
