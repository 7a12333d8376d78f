using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class ArtifactDownloadTests : IDisposable
{
    private const int Piece = IArtifactHost.MaxChunk;

    private readonly Grains.RunFolder _folder = new();
    private readonly Server _server = new();
    private readonly ArtifactReference _reference;
    private readonly ArtifactDownload _download;

    public ArtifactDownloadTests()
    {
        new Random(1).NextBytes(_server.Bytes);
        _reference = new ArtifactReference(ArtifactNames.Of(_server.Bytes), _server.Bytes.Length);
        _download = new ArtifactDownload(_server, _folder.File("m.pull"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Interrupted_download_goes_on_where_it_was()
    {
        using var stop = new CancellationTokenSource();
        _server.Answer = (offset, bytes) =>
        {
            if (offset >= 3 * Piece)
            {
                stop.Cancel();
                throw new OperationCanceledException(stop.Token);
            }

            return bytes;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _download.ReadAsync(_reference, null, stop.Token));
        Assert.Equal(3L * Piece, new FileInfo(_folder.File("m.pull/" + _reference.Sha256)).Length);
        _server.Asked.Clear();
        _server.Answer = (_, bytes) => bytes;
        Assert.Equal(_server.Bytes, await _download.ReadAsync(_reference, null, CancellationToken.None));
        Assert.Equal([3L * Piece, 4L * Piece, 5L * Piece], _server.Asked.Order());
        _server.Asked.Clear();
        Assert.Equal(_server.Bytes, await _download.ReadAsync(_reference, null, CancellationToken.None));
        Assert.Empty(_server.Asked);
    }

    [Fact]
    public async Task Wrong_bytes_are_asked_for_again_once_the_holders_have_looked_at_their_files()
    {
        _server.Answer = (_, bytes) => new byte[bytes.Length];
        _server.Good = () =>
        {
            _server.Answer = (_, bytes) => bytes;
            return 1;
        };
        Assert.Equal(_server.Bytes, await _download.ReadAsync(_reference, null, CancellationToken.None));
    }

    [Fact]
    public async Task Without_a_good_copy_the_download_fails_and_leaves_no_bytes()
    {
        _server.Answer = (_, bytes) => new byte[bytes.Length];
        _server.Good = () => 0;
        await Assert.ThrowsAsync<ArtifactException>(() => _download.ReadAsync(_reference, null, CancellationToken.None));
        Assert.Empty(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Spoilt_beginning_of_an_earlier_download_is_thrown_away()
    {
        Directory.CreateDirectory(_folder.File("m.pull"));
        File.WriteAllBytes(_folder.File("m.pull/" + _reference.Sha256), new byte[1000]);
        Assert.Equal(_server.Bytes, await _download.ReadAsync(_reference, null, CancellationToken.None));
    }

    [Fact]
    public async Task Silo_that_fails_once_is_asked_again()
    {
        int failures = 1;
        _server.Answer = (_, bytes) => failures-- > 0 ? throw new TimeoutException() : bytes;
        Assert.Equal(_server.Bytes, await _download.ReadAsync(_reference, null, CancellationToken.None));
    }

    [Theory]
    [InlineData("../../etc/passwd", 10)]
    [InlineData("aa", 10)]
    [InlineData(null, -1)]
    [InlineData(null, long.MaxValue)]
    public async Task Reference_that_cannot_be_is_refused(string? name, long bytes)
    {
        await Assert.ThrowsAsync<ArtifactException>(
            () => _download.ReadAsync(new ArtifactReference(name ?? _reference.Sha256, bytes), null, CancellationToken.None));
        Assert.Empty(_server.Asked);
    }

    private sealed class Server : IArtifactsGrain
    {
        public byte[] Bytes { get; } = new byte[(5 * Piece) + 77];

        public List<long> Asked { get; } = [];

        public Func<long, byte[], byte[]> Answer { get; set; } = (_, bytes) => bytes;

        public Func<int> Good { get; set; } = () => 2;

        public async Task<byte[]> ReadAsync(string name, long offset, int count, CancellationToken cancellation = default)
        {
            lock (Asked)
            {
                Asked.Add(offset);
            }

            await Task.Yield();
            return Answer(offset, Bytes[(int)offset..(int)(offset + count)]);
        }

        public Task<int> VerifyAsync(string name, CancellationToken cancellation = default) => Task.FromResult(Good());

        public Task<ReplicaCount> CountAsync(string[] names, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<ArtifactHostStatus[]> GetStatusAsync(CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
