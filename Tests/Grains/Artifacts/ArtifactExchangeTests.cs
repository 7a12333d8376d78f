using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Silo 0 takes artifacts from others that die, lie, or have spoilt files.</summary>
public sealed class ArtifactExchangeTests : IDisposable
{
    private const int Size = (5 << 20) + 123;

    private readonly FakeSilos _silos = new(3);
    private readonly byte[] _bytes = new byte[Size];

    public ArtifactExchangeTests() => new Random(1).NextBytes(_bytes);

    public void Dispose() => _silos.Dispose();

    [Fact]
    public async Task Artifact_comes_in_pieces_of_a_bounded_window()
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes);
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
        Assert.Equal([0L, 1 << 20, 2 << 20, 3 << 20, 4 << 20, 5 << 20], _silos[1].Asked.Order());
        Assert.InRange(_silos[1].MostInFlight, 1, _silos.Options.Window);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    public async Task Artifact_of_any_size_comes(int size)
    {
        ArtifactReference reference = _silos[2].Store.Put(_bytes.AsMemory(0, size));
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Equal(_bytes[..size], _silos[0].Store.Read(reference.Sha256));
    }

    [Fact]
    public async Task What_is_here_is_not_asked_for()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Empty(_silos[1].Asked);
    }

    [Fact]
    public async Task Several_who_want_it_share_one_transfer()
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _silos[0].Exchange.FetchAsync(reference)));
        Assert.Equal(6, _silos[1].Asked.Count);
    }

    [Fact]
    public async Task Silo_that_is_said_to_have_it_is_asked_alone()
    {
        ArtifactReference reference = PutOnBoth();
        FakeSilo[] order = _silos.InOrder(reference);
        await _silos[0].Exchange.FetchAsync(reference, likely: order[1].Self);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
        Assert.Equal((0, 6), (order[0].Asked.Count, order[1].Asked.Count));
        Assert.Equal((0, 0), (order[0].Looks, order[1].Looks));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("dead")]
    [InlineData("hung")]
    [InlineData("spoilt")]
    [InlineData("lies")]
    [InlineData("itself")]
    public async Task Silo_that_is_said_to_have_it_and_cannot_give_it_gives_way_to_another(string fault)
    {
        ArtifactReference reference = fault == "missing" ? _silos[2].Store.Put(_bytes) : PutOnBoth();
        FakeSilo said = _silos[fault == "itself" ? 0 : 1];
        said.IsDead = fault == "dead";
        said.IsHung = fault == "hung";
        said.AlwaysGood = fault == "lies";
        said.Piece = (_, bytes) => fault == "lies" ? [.. bytes.Select(b => (byte)(b ^ 1))] : bytes;
        if (fault == "spoilt")
        {
            said.Spoil(reference);
        }

        await _silos[0].Exchange.FetchAsync(reference, likely: said.Self);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
    }

    [Fact]
    public async Task Holder_that_dies_half_way_gives_way_to_another_at_the_same_byte()
    {
        ArtifactReference reference = PutOnBoth();
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].Piece = (offset, bytes) => offset < 2 << 20 ? bytes : throw new SiloUnavailableException("gone");
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
        Assert.Equal(2L << 20, order[1].Asked.Min());
    }

    [Fact]
    public async Task Spoilt_file_is_put_aside_by_its_holder_and_another_replica_is_taken()
    {
        ArtifactReference reference = PutOnBoth();
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].Spoil(reference);
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
        Assert.False(order[0].Store.Contains(reference.Sha256));
        Assert.Equal(1, order[0].Store.Quarantined());
        Assert.True(order[1].Store.Verify(reference.Sha256));
    }

    [Fact]
    public async Task Liar_is_not_asked_again_and_another_replica_is_taken()
    {
        ArtifactReference reference = PutOnBoth();
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].Piece = (_, bytes) => [.. bytes.Select(b => (byte)(b ^ 1))];
        order[0].AlwaysGood = true;
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
        Assert.Equal(6, order[0].Asked.Count);
    }

    [Fact]
    public async Task Liar_that_dies_half_way_spoils_nothing_for_good()
    {
        ArtifactReference reference = PutOnBoth();
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].AlwaysGood = true;
        order[0].Piece = (offset, bytes) => offset == 0 ? new byte[bytes.Length] : throw new TimeoutException();
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.Equal(_bytes, _silos[0].Store.Read(reference.Sha256));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    public async Task Pieces_of_a_wrong_length_are_refused(int off)
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes);
        _silos[1].Piece = (_, bytes) => off == 0 ? [] : new byte[bytes.Length + off];
        await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.FetchAsync(reference));
        AssertNothingStays();
    }

    [Fact]
    public async Task Reference_with_a_wrong_size_brings_nothing()
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes);
        foreach (long bytes in (long[])[0, Size - 1, Size + 1, Size + (3 << 20)])
        {
            await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.FetchAsync(reference with { Bytes = bytes }));
        }

        AssertNothingStays();
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(long.MaxValue, null)]
    [InlineData(1001, 1000L)]
    public async Task Artifact_larger_than_allowed_is_not_asked_for(long bytes, long? most)
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes) with { Bytes = bytes };
        Assert.Contains("allowed", (await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.FetchAsync(reference, most))).Message, StringComparison.Ordinal);
        Assert.Empty(_silos[1].Asked);
    }

    [Fact]
    public async Task Full_disk_of_the_taker_is_told_as_such_and_blames_no_holder()
    {
        ArtifactReference reference = PutOnBoth();
        _silos[0].Files.Space = 3 << 20;
        Assert.Contains("is full", (await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.FetchAsync(reference))).Message, StringComparison.Ordinal);
        AssertNothingStays();
        _silos[0].Files.Space = null;
        await _silos[0].Exchange.FetchAsync(reference);
    }

    [Fact]
    public async Task Silos_that_one_holder_fails_at_the_same_moment_do_not_come_back_together()
    {
        ArtifactReference reference = _silos[2].Store.Put(_bytes);
        _silos[2].Piece = (_, _) => throw new ArtifactBusyException("silo-2");
        foreach (FakeSilo silo in _silos.Silos[..2])
        {
            await Assert.ThrowsAsync<ArtifactException>(() => silo.Exchange.FetchAsync(reference));
            Assert.InRange(silo.Waited, TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(600));
        }

        Assert.NotEqual(_silos[0].Waited, _silos[1].Waited);
    }

    [Fact]
    public async Task Nobody_has_it()
    {
        var reference = new ArtifactReference(new string('a', 64), 10);
        Assert.Contains("missing", (await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.FetchAsync(reference))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_a_spoilt_file_mends_it_from_another_silo()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        _silos[0].Spoil(reference);
        Assert.Equal(_bytes, _silos[0].Exchange.Read(reference));
        Assert.Equal(1, _silos[0].Store.Quarantined());
        Assert.True(_silos[0].Store.Verify(reference.Sha256));
    }

    [Fact]
    public async Task Unreadable_file_is_mended_from_another_silo()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        _silos[0].Files.Unreadable = Path.Combine(reference.Sha256[..2], reference.Sha256);
        string path = _silos[0].PathOf(reference);
        Task<byte[]> reading = Task.Run(() => _silos[0].Exchange.Read(reference));

        // Once the bad file is out of the way its place on the disk can be read.
        SpinWait.SpinUntil(() => !File.Exists(path), TimeSpan.FromSeconds(10));
        _silos[0].Files.Unreadable = null;
        Assert.Equal(_bytes, await reading);
    }

    [Fact]
    public async Task Transfer_that_all_have_given_up_is_forgotten_when_it_ends()
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes);
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        _silos[1].Piece = (_, bytes) =>
        {
            cancel.Cancel();
            gate.Wait(TimeSpan.FromSeconds(10));
            return bytes;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _silos[0].Exchange.FetchAsync(reference, cancellation: cancel.Token));
        gate.Set();
        await ArtifactCluster.UntilAsync(() => Task.FromResult(_silos[0].Store.Contains(reference.Sha256)), "The transfer did not end.");
        await _silos[0].Exchange.FetchAsync(_silos[1].Store.Put("another"u8.ToArray())); // by then it has ended
        _silos[0].Store.Delete(reference.Sha256);
        await _silos[0].Exchange.FetchAsync(reference);
        Assert.True(_silos[0].Store.Contains(reference.Sha256));
    }

    private ArtifactReference PutOnBoth()
    {
        _silos[1].Store.Put(_bytes);
        return _silos[2].Store.Put(_bytes);
    }

    private void AssertNothingStays() =>
        Assert.Empty(Directory.GetFiles(_silos[0].Folder, "*", SearchOption.AllDirectories));
}
