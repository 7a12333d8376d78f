using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Silo 0 takes artifacts into memory, from others that die, lie, or have spoilt files.</summary>
public sealed class ArtifactTakeTests : IDisposable
{
    private const int Size = (5 << 20) + 123;

    private readonly FakeSilos _silos = new(3);
    private readonly byte[] _bytes = new byte[Size];

    public ArtifactTakeTests() => new Random(1).NextBytes(_bytes);

    public void Dispose() => _silos.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData(Size)]
    public async Task Artifact_of_any_size_comes_and_is_not_written_here(int size)
    {
        ArtifactReference reference = _silos[2].Store.Put(_bytes.AsMemory(0, size));
        Assert.Equal(_bytes[..size], await _silos[0].Exchange.TakeAsync(reference));
        Assert.Empty(_silos[0].Store.List());
    }

    [Fact]
    public async Task What_is_here_is_not_asked_for()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        Assert.Equal(_bytes, await _silos[0].Exchange.TakeAsync(reference));
        Assert.Empty(_silos[1].Asked);
    }

    [Fact]
    public async Task What_is_here_and_spoilt_is_put_aside_and_comes_from_another()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        _silos[0].Spoil(reference);
        Assert.Equal(_bytes, await _silos[0].Exchange.TakeAsync(reference));
        Assert.Equal(1, _silos[0].Store.Quarantined());
    }

    [Fact]
    public async Task Holder_that_dies_half_way_gives_way_to_another_at_the_same_byte()
    {
        ArtifactReference reference = PutOnBoth();
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].Piece = (offset, bytes) => offset < 2 << 20 ? bytes : throw new SiloUnavailableException("gone");
        Assert.Equal(_bytes, await _silos[0].Exchange.TakeAsync(reference));
        Assert.Equal(2L << 20, order[1].Asked.Min());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(Size)]
    public async Task Liar_is_not_believed_and_another_replica_is_taken(int size)
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes.AsMemory(0, size));
        _silos[2].Store.Put(_bytes.AsMemory(0, size));
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].Piece = (_, bytes) => [.. bytes.Select(b => (byte)(b ^ 1))];
        order[0].AlwaysGood = true;
        Assert.Equal(_bytes[..size], await _silos[0].Exchange.TakeAsync(reference));
    }

    [Fact]
    public async Task What_nobody_has_or_what_is_too_large_is_refused()
    {
        ArtifactReference reference = _silos[1].Store.Put(_bytes);
        Assert.Contains("allowed", (await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.TakeAsync(reference, Size - 1))).Message, StringComparison.Ordinal);
        _silos[1].Store.Delete(reference.Sha256);
        Assert.Contains("missing", (await Assert.ThrowsAsync<ArtifactException>(() => _silos[0].Exchange.TakeAsync(reference))).Message, StringComparison.Ordinal);
    }

    private ArtifactReference PutOnBoth()
    {
        _silos[1].Store.Put(_bytes);
        return _silos[2].Store.Put(_bytes);
    }
}
