using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The files of the machine.</summary>
public sealed class DiskFiles : IFileLayer
{
    /// <inheritdoc/>
    public bool Exists(string path) => File.Exists(path);

    /// <inheritdoc/>
    public Stream OpenRead(string path) => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);

    /// <inheritdoc/>
    public Stream Create(string path) => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1);

    /// <inheritdoc/>
    public void Flush(Stream stream) => ((FileStream)stream).Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Move(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        AtomicFile.FlushFolder(Path.GetDirectoryName(to)!);
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string> Files(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories) : [];

    /// <inheritdoc/>
    public void CreateFolder(string path)
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            AtomicFile.FlushFolder(Path.GetDirectoryName(path)!);
        }
    }
}
