using OrleansDDM.Contracts.Models;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Silo 0 has others take artifacts, or drop them.</summary>
public sealed class ArtifactReplicationTests : IDisposable
{
    private readonly FakeSilos _silos = new(3);
    private readonly byte[] _bytes = [1, 2, 3];

    public void Dispose() => _silos.Dispose();

    [Fact]
    public async Task Publishing_makes_as_many_replicas_as_wanted_and_no_more()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        Assert.Equal(2, await _silos[0].Replication.ReplicateAsync(reference));
        Assert.Equal(2, await _silos[0].Replication.ReplicateAsync(reference));
        FakeSilo[] order = _silos.InOrder(reference);
        Assert.Equal([true, false], order.Select(s => s.Store.Contains(reference.Sha256)));
    }

    [Fact]
    public async Task What_a_silo_writes_on_its_way_out_is_handed_over_and_it_counts_as_no_holder()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[0].IsLeaving = true;
        Assert.Equal(2, await _silos[0].Replication.ReplicateAsync(reference));
        FakeSilo[] order = _silos.InOrder(reference);
        Assert.Equal([true, false], order.Select(s => s.Store.Contains(reference.Sha256)));
        Assert.Equal(2, await order[0].Replication.ReplicateAsync(reference));
        Assert.True(order[1].Store.Verify(reference.Sha256));
    }

    [Fact]
    public async Task Replica_goes_to_the_next_silo_where_the_first_one_cannot_take_it()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].Files.Space = 0;
        Assert.Equal(2, await _silos[0].Replication.ReplicateAsync(reference));
        Assert.True(order[1].Store.Verify(reference.Sha256));
        order[1].Store.Delete(reference.Sha256);
        order[1].Files.Space = 0;

        // Who looks after replicas is told, each time anew.
        Assert.False(_silos[0].Replication.Lacking.IsCompleted);
        Assert.Equal(1, await _silos[0].Replication.ReplicateAsync(reference));
        Assert.True(_silos[0].Replication.Lacking.IsCompleted);
        _silos[0].Replication.WatchLacking();
        Assert.False(_silos[0].Replication.Lacking.IsCompleted);
        order[1].Files.Space = null;
        Assert.Equal(2, await _silos[0].Replication.ReplicateAsync(reference));
        Assert.False(_silos[0].Replication.Lacking.IsCompleted);
    }

    [Fact]
    public async Task Replica_goes_to_the_next_silo_whatever_ails_the_first_one()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        FakeSilo[] order = _silos.InOrder(reference);
        order[0].BeforePull = () => throw new InvalidOperationException("Nobody thought of that.");
        Assert.Equal(2, await _silos[0].Replication.ReplicateAsync(reference));
        Assert.True(order[1].Store.Verify(reference.Sha256));
    }

    [Fact]
    public async Task Lone_silo_needs_no_replica()
    {
        _silos[1].IsDead = _silos[2].IsDead = true;
        Assert.Equal(1, await _silos[0].Replication.ReplicateAsync(_silos[0].Store.Put(_bytes)));
    }

    [Fact]
    public async Task Only_the_first_of_the_holders_makes_up_for_a_dead_silo()
    {
        _silos.Options.Replicas = 3;
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        await _silos[1].Replicas.CheckAsync(CancellationToken.None);
        Assert.False(_silos[2].Store.Contains(reference.Sha256));
        _silos[2].Files.Space = 0;
        Assert.False(await _silos[0].Replicas.CheckAsync(CancellationToken.None));
        Assert.Equal(1, _silos[0].Replicas.UnderReplicated);
        _silos[2].Files.Space = null;
        Assert.True(await _silos[0].Replicas.CheckAsync(CancellationToken.None));
        Assert.Equal(0, _silos[0].Replicas.UnderReplicated);
        Assert.True(_silos[2].Store.Verify(reference.Sha256));
    }

    [Fact]
    public async Task Dropping_deletes_everywhere_and_passes_over_the_dead()
    {
        ArtifactReference reference = _silos[0].Store.Put(_bytes);
        _silos[1].Store.Put(_bytes);
        _silos[2].Store.Put(_bytes);
        _silos[2].IsDead = true;
        await _silos[0].Replication.DropAsync([reference.Sha256]);
        Assert.Equal([false, false, true], _silos.Silos.Select(s => s.Store.Contains(reference.Sha256)));
    }
}
