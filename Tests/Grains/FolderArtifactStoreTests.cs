using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class FolderArtifactStoreTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly FolderArtifactStore _store;

    public FolderArtifactStoreTests() => _store = Open();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Bytes_are_named_by_their_hash()
    {
        ArtifactReference reference = _store.Put("abc"u8.ToArray());
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", reference.Sha256);
        Assert.Equal(3, reference.Bytes);
        Assert.Equal("abc"u8.ToArray(), Open().Read(reference.Sha256));
        Assert.Equal(reference, _store.Put("abc"u8.ToArray()));
        Assert.True(File.Exists(PathOf(reference)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Truncated_artifact_is_refused_and_quarantined(int length)
    {
        ArtifactReference reference = _store.Put("abc"u8.ToArray());
        File.WriteAllBytes(PathOf(reference), "abc"u8[..length]);
        ArtifactException e = Assert.Throws<ArtifactException>(() => _store.Read(reference.Sha256));
        Assert.Contains("corrupt", e.Message, StringComparison.Ordinal);
        Assert.False(_store.Contains(reference.Sha256));
        Assert.Single(Directory.GetFiles(_folder.File("artifacts/quarantine")));
        Assert.Contains("missing", Assert.Throws<ArtifactException>(() => _store.Read(reference.Sha256)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Storing_again_mends_a_corrupt_artifact()
    {
        ArtifactReference reference = _store.Put("abc"u8.ToArray());
        File.WriteAllBytes(PathOf(reference), "abd"u8);
        _store.Put("abc"u8.ToArray());
        Assert.Equal("abc"u8.ToArray(), _store.Read(reference.Sha256));
    }

    [Fact]
    public void Name_is_announced_before_the_file_exists()
    {
        bool existed = true;
        _store.Put("abc"u8.ToArray(), r => existed = _store.Contains(r.Sha256));
        Assert.False(existed);
    }

    [Fact]
    public void Failed_announcement_leaves_no_file()
    {
        Assert.Throws<IOException>(() => _store.Put("abc"u8.ToArray(), _ => throw new IOException("disk full")));
        Assert.Empty(Directory.GetFiles(_folder.File("artifacts"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Half_written_file_of_a_crash_is_removed_at_start()
    {
        string leftover = _folder.File("artifacts/tmp/0123");
        File.WriteAllText(leftover, "half");
        Open();
        Assert.False(File.Exists(leftover));
    }

    [Fact]
    public void Deleted_artifact_is_gone_and_deleting_twice_is_fine()
    {
        ArtifactReference reference = _store.Put("abc"u8.ToArray());
        _store.Delete(reference.Sha256);
        _store.Delete(reference.Sha256);
        Assert.False(_store.Contains(reference.Sha256));
    }

    [Theory]
    [InlineData("../../../etc/passwd")]
    [InlineData("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("")]
    public void Name_that_is_no_hash_is_refused(string name) => Assert.Throws<ArgumentException>(() => _store.Read(name));

    private string PathOf(ArtifactReference reference) => _folder.File($"artifacts/{reference.Sha256[..2]}/{reference.Sha256}");

    private FolderArtifactStore Open() => new(_folder, NullLogger<FolderArtifactStore>.Instance);
}
