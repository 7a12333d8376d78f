using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Cluster;

/// <summary>Who cannot open a lock's file is told whether another process has it or the disk fails.</summary>
public sealed class LockFileTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_lock_that_another_one_has_is_told_as_taken()
    {
        using SiloNameLock name = SiloNameLock.Take(_folder, "a");
        Assert.Contains("Another process", Assert.Throws<ConfigurationException>(() => SiloNameLock.Take(_folder, "a")).Message, StringComparison.Ordinal);
        using RunFolderLock run = RunFolderLock.Take(_folder);
        Assert.Throws<RunFolderInUseException>(() => RunFolderLock.Take(_folder));
    }

    [Fact]
    public void A_disk_that_fails_is_not_told_as_another_process()
    {
        // A link to itself cannot be opened by anybody, root included.
        Directory.CreateDirectory(_folder.File("silos"));
        foreach (string path in (string[])["silos/a.lock", RunFolderLock.FileName])
        {
            File.CreateSymbolicLink(_folder.File(path), _folder.File(path));
        }

        Assert.Contains("cannot be written", Assert.Throws<ConfigurationException>(() => SiloNameLock.Take(_folder, "a")).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be written", Assert.Throws<ConfigurationException>(() => RunFolderLock.Take(_folder)).Message, StringComparison.Ordinal);
    }
}
