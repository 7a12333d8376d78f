using OrleansDDM.Grains.Artifacts;

namespace OrleansDDM.Silos.Local.Faults;

/// <summary>A disk that takes nothing new while the switch says so; what is on it can be read.</summary>
internal sealed class FullDisk(IFileLayer inner, FaultSwitch faults) : IFileLayer
{
    // Of Linux, ENOSPC; what the runtime makes of it has this as its code.
    private const int NoSpace = 28;

    public bool Exists(string path) => inner.Exists(path);

    public Stream OpenRead(string path) => inner.OpenRead(path);

    public Stream Create(string path) => faults.Plan.DiskFull
        ? throw new IOException($"No space left on device : '{path}' (played by ddm chaos)", NoSpace)
        : inner.Create(path);

    public void Flush(Stream stream) => inner.Flush(stream);

    public void Move(string from, string to) => inner.Move(from, to);

    public void Delete(string path) => inner.Delete(path);

    public IEnumerable<string> Files(string folder) => inner.Files(folder);

    public void CreateFolder(string path) => inner.CreateFolder(path);
}
