using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

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

    [Fact]
    public void Full_disk_is_told_as_such_and_nothing_half_written_stays()
    {
        var disk = new FailingFiles { Space = 2 };
        FolderArtifactStore store = Open(disk);
        ArtifactException e = Assert.Throws<ArtifactException>(() => store.Put("abc"u8.ToArray()));
        Assert.Contains("is full", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.File("artifacts"), "*", SearchOption.AllDirectories));
        disk.Space = 3;
        Assert.Equal("abc"u8.ToArray(), store.Read(store.Put("abc"u8.ToArray()).Sha256));
    }

    [Fact]
    public void Disk_that_does_not_take_the_last_byte_leaves_no_artifact()
    {
        var disk = new FailingFiles { FailsToFlush = true };
        FolderArtifactStore store = Open(disk);
        Assert.Throws<ArtifactException>(() => store.Put("abc"u8.ToArray()));
        Assert.Empty(Directory.GetFiles(_folder.File("artifacts"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Unreadable_file_is_put_aside()
    {
        var disk = new FailingFiles();
        FolderArtifactStore store = Open(disk);
        ArtifactReference reference = store.Put("abc"u8.ToArray());
        disk.Unreadable = reference.Sha256;
        Assert.Contains("unreadable", Assert.Throws<ArtifactException>(() => store.Read(reference.Sha256)).Message, StringComparison.Ordinal);
        Assert.False(store.Contains(reference.Sha256));
        Assert.Equal(1, store.Quarantined());
    }

    [Fact]
    public void File_that_cannot_be_read_for_the_moment_is_left_where_it_is()
    {
        const int TooManyOpenFiles = 24;
        var disk = new FailingFiles { ReadError = TooManyOpenFiles };
        FolderArtifactStore store = Open(disk);
        ArtifactReference reference = store.Put("abc"u8.ToArray());
        disk.Unreadable = reference.Sha256;
        Assert.Throws<IOException>(() => store.Read(reference.Sha256));
        Assert.Throws<IOException>(() => store.Verify(reference.Sha256));
        disk.Unreadable = null;
        Assert.Equal("abc"u8.ToArray(), store.Read(reference.Sha256));
        Assert.Equal(0, store.Quarantined());
    }

    [Fact]
    public void Error_that_passes_is_outlasted_wherever_a_file_is_opened()
    {
        var disk = new FailingFiles();
        FolderArtifactStore store = Open(disk);
        disk.Refusals = 3;
        ArtifactReference reference = store.Put("abc"u8.ToArray());
        Assert.InRange(disk.Refusals, int.MinValue, 0);
        Func<object>[] reads = [() => store.Read(reference.Sha256), () => store.ReadChunk(reference.Sha256, 0, 3), () => store.Verify(reference.Sha256)];
        Assert.All(reads, read =>
        {
            disk.Refusals = 3;
            Assert.NotNull(read());
            Assert.InRange(disk.Refusals, int.MinValue, 0);
        });
        Assert.Equal(0, store.Quarantined());
    }

    [Fact]
    public void Folder_that_may_not_be_written_is_told_as_such()
    {
        FolderArtifactStore store = Open(new FailingFiles { Forbids = true });
        Assert.True(Assert.Throws<ArtifactException>(() => store.Put("abc"u8.ToArray())).IsUnwritable);
    }

    [Fact]
    public void Pieces_read_back_and_end_at_the_end()
    {
        ArtifactReference reference = _store.Put("abcde"u8.ToArray());
        Assert.Equal("bcd"u8.ToArray(), _store.ReadChunk(reference.Sha256, 1, 3));
        Assert.Equal("e"u8.ToArray(), _store.ReadChunk(reference.Sha256, 4, 100));
        Assert.Empty(_store.ReadChunk(reference.Sha256, 9, 5));
        Assert.Throws<ArtifactException>(() => _store.ReadChunk(new string('a', 64), 0, 1));
    }

    [Fact]
    public void Artifact_in_pieces_is_visible_only_once_it_is_whole_and_right()
    {
        var reference = new ArtifactReference("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3);
        using (ArtifactWriter half = _store.Receive(reference))
        {
            half.Append("ab"u8);
            Assert.False(half.Commit());
        }

        using (ArtifactWriter wrong = _store.Receive(reference))
        {
            wrong.Append("abd"u8);
            Assert.False(wrong.Commit());
            Assert.Throws<ArtifactException>(() => wrong.Append("e"u8));
        }

        Assert.Empty(Directory.GetFiles(_folder.File("artifacts"), "*", SearchOption.AllDirectories));
        using ArtifactWriter right = _store.Receive(reference);
        right.Append("a"u8);
        right.Append("bc"u8);
        Assert.False(_store.Contains(reference.Sha256));
        Assert.True(right.Commit());
        Assert.Equal("abc"u8.ToArray(), _store.Read(reference.Sha256));
    }

    [Fact]
    public void List_names_what_is_there_and_nothing_else()
    {
        ArtifactReference[] stored = [_store.Put("abc"u8.ToArray()), _store.Put("abcd"u8.ToArray())];
        File.WriteAllText(_folder.File("artifacts/tmp/" + new string('a', 64)), "half");
        File.WriteAllText(_folder.File("artifacts/note"), "foreign");
        Assert.Equal(stored.OrderBy(r => r.Sha256, StringComparer.Ordinal), _store.List());
    }

    [Fact]
    public void Verifying_puts_a_corrupt_file_aside()
    {
        ArtifactReference reference = _store.Put("abc"u8.ToArray());
        Assert.True(_store.Verify(reference.Sha256));
        File.WriteAllBytes(PathOf(reference), "abd"u8);
        Assert.False(_store.Verify(reference.Sha256));
        Assert.False(_store.Contains(reference.Sha256));
        Assert.Equal(1, _store.Quarantined());
        Assert.False(_store.Verify(reference.Sha256));
    }

    private string PathOf(ArtifactReference reference) => _folder.File($"artifacts/{reference.Sha256[..2]}/{reference.Sha256}");

    // Waiting costs no time.
    private FolderArtifactStore Open(IFileLayer? disk = null) => new(_folder, NullLogger<FolderArtifactStore>.Instance, disk, new ManualClock());
}
