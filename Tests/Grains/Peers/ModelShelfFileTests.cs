using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Tests.Grains.Artifacts;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Models that are let go of and come back while their files are being deleted.</summary>
public sealed class ModelShelfFileTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeSilos _silos = new(2);
    private readonly SlotPool _slots;
    private readonly ModelShelf _shelf;
    private readonly ManualResetEventSlim _deleting = new();
    private readonly ManualResetEventSlim _goOn = new();

    public ModelShelfFileTests()
    {
        FakeSilo silo = _silos[0];
        _slots = new SlotPool(Options.Create(new DeviceOptions { Slots = 2 }), silo.Exchange, new FakeRuntime(), new WorkWatch(TimeProvider.System));
        _shelf = new ModelShelf(new PeerFiles(silo.Store, new CheckpointIndex(silo.Folder)), silo.Exchange, _slots, silo.Clock, NullLogger<ModelShelf>.Instance);
    }

    public void Dispose()
    {
        _goOn.Set();
        _slots.Dispose();
        _silos.Dispose();
        _deleting.Dispose();
        _goOn.Dispose();
    }

    [Fact]
    public async Task Model_that_nobody_holds_goes_with_its_file()
    {
        ArtifactReference file = Stored("model"u8.ToArray(), out ModelHandle model);
        _shelf.Release(model);
        await Until.HoldsAsync(() => _shelf.Count == 0 && !_silos[0].Store.Contains(file.Sha256));
    }

    [Fact]
    public async Task Model_that_is_stored_again_while_its_file_is_deleted_is_there_afterwards()
    {
        byte[] bytes = "model"u8.ToArray();
        ArtifactReference file = await BeginDeletingAsync(bytes);
        ModelHandle model = _shelf.Put(bytes);
        var storing = new Thread(() => _shelf.Store(model, "r", "router"));
        storing.Start();
        await Until.HoldsAsync(() => !storing.IsAlive || storing.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
        _goOn.Set();
        Assert.True(await Task.Run(() => storing.Join(Patience)));
        await EndDeletingAsync();
        Assert.True(_shelf.IsStored(model));
        Assert.True(_silos[0].Store.Verify(file.Sha256));
    }

    [Fact]
    public async Task Model_that_was_fetched_while_its_file_was_deleted_is_not_taken_for_stored()
    {
        byte[] bytes = "model"u8.ToArray();
        ArtifactReference file = await BeginDeletingAsync(bytes);
        int opened = _silos[0].Files.Opened;
        Task<long?> fetching = _shelf.FetchAsync(file, null);
        await Until.HoldsAsync(() => _silos[0].Files.Opened > opened);
        _goOn.Set();
        Assert.Equal(bytes.Length, await fetching);
        await EndDeletingAsync();
        var model = ModelHandle.FromBytes(Convert.FromHexString(file.Sha256));
        Assert.Equal(_silos[0].Store.Contains(file.Sha256), _shelf.IsStored(model));
        _shelf.Store(model, "r", "router");
        Assert.True(_silos[0].Store.Verify(file.Sha256));
    }

    [Fact]
    public async Task Model_of_another_silo_is_written_here_only_when_it_is_stored()
    {
        ArtifactReference there = _silos[1].Store.Put("model"u8.ToArray());
        Assert.Equal(there.Bytes, await _shelf.FetchAsync(there, null));
        var model = ModelHandle.FromBytes(Convert.FromHexString(there.Sha256));
        Assert.False(_shelf.IsStored(model));
        Assert.Empty(_silos[0].Store.List());

        Assert.Equal(there, _shelf.Store(model, "r", "router"));
        Assert.True(_silos[0].Store.Verify(there.Sha256));
        _shelf.Release(model);
        await Until.HoldsAsync(() => _shelf.Count == 0 && !_silos[0].Store.Contains(there.Sha256));
        Assert.True(_silos[1].Store.Verify(there.Sha256));
    }

    private ArtifactReference Stored(byte[] bytes, out ModelHandle model)
    {
        model = _shelf.Put(bytes);
        return _shelf.Store(model, "r", "router");
    }

    /// <summary>Stores a model, lets go of it, and holds its deletion up.</summary>
    private async Task<ArtifactReference> BeginDeletingAsync(byte[] bytes)
    {
        ArtifactReference file = Stored(bytes, out ModelHandle model);
        _silos[0].Files.BeforeDelete = () =>
        {
            _deleting.Set();
            _goOn.Wait(Patience);
        };
        _shelf.Release(model);
        Assert.True(await Task.Run(() => _deleting.Wait(Patience)));
        Assert.Equal(0, _shelf.Count);
        return file;
    }

    private Task EndDeletingAsync() => Until.HoldsAsync(() => _slots.Status().All(s => s.Waiting == 0));
}
