using Microsoft.Extensions.DependencyInjection;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class ModelShelfTests : IAsyncLifetime
{
    private readonly FakeIslandRuntime _runtime = new();
    private readonly RunFolder _folder = new();
    private SharedSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await SharedSilo.StartAsync(_folder, _runtime, "a");

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        SqliteSchema.Close(_folder.File("state.db"));
        _folder.Dispose();
    }

    [Fact]
    public async Task A_model_from_elsewhere_is_read_once_for_each_island_and_one_that_was_made_here_never()
    {
        ModelShelf shelf = _silo.Services.GetRequiredService<ModelShelf>();
        PeerWorkshop workshop = _silo.Services.GetRequiredService<PeerWorkshop>();
        var spec = new RunSpec { Experts = new ExpertsSpec { Count = 2 }, Islands = new IslandsSpec { Peers = 2, Shards = "iid", MinSamples = 1 } };
        PeerWorkshop.Bench[] islands = [workshop.Open(spec, "h", ModelRole.Expert(0)), workshop.Open(spec, "h", ModelRole.Expert(1))];
        ArtifactReference good = _silo.Services.GetRequiredService<IArtifactStore>().Put("expert-0 1 2"u8.ToArray());
        Assert.Equal(good.Bytes, await shelf.FetchAsync(good, islands[0]));
        Assert.Equal(good.Bytes, await shelf.FetchAsync(good, islands[0]));
        Assert.Equal(good.Bytes, shelf.TryHold(ModelHandle.OfContent("expert-0 1 2"u8), islands[0]));
        Assert.Single(_runtime.Reads);

        // Of another island, although it is on the shelf; to its own it stays good.
        Assert.Null(shelf.TryHold(ModelHandle.OfContent("expert-0 1 2"u8), islands[1]));
        Assert.Null(await shelf.FetchAsync(good, islands[1]));
        Assert.Equal(good.Bytes, await shelf.FetchAsync(good, islands[0]));
        Assert.Equal(2, _runtime.Reads.Count);

        ModelHandle made = shelf.Put("expert-1 3 4"u8.ToArray(), maker: islands[1]);
        Assert.Equal(12, await shelf.FetchAsync(new ArtifactReference(made.ToString(), 12), islands[1]));
        Assert.Equal(2, _runtime.Reads.Count);
        Assert.All(_runtime.WorkThreads, t => Assert.StartsWith("slot-", t, StringComparison.Ordinal));
        Array.ForEach(islands, i => i.Close());
    }
}
