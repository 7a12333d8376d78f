using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>The artifact folder that the silos of a cluster share.</summary>
public sealed class SharedFolderTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_starting_silo_leaves_alone_what_another_one_is_writing()
    {
        Open("a");
        string half = _folder.File("artifacts/tmp/a/half");
        File.WriteAllBytes(half, [1]);
        Open("b");
        Assert.True(File.Exists(half));
        Open("a");
        Assert.False(File.Exists(half));
    }

    [Fact]
    public void What_one_silo_stores_the_other_one_reads()
    {
        FolderArtifactStore other = Open("b");
        ArtifactReference stored = Open("a").Put(new byte[] { 1, 2, 3 });
        Assert.Equal([1, 2, 3], other.Read(stored.Sha256));
        Assert.Equal(stored, other.Put(new byte[] { 1, 2, 3 }));
    }

    private FolderArtifactStore Open(string writer) => new(_folder, NullLogger<FolderArtifactStore>.Instance, writer);
}
