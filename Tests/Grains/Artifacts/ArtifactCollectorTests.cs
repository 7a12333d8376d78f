using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

public sealed class ArtifactCollectorTests : IDisposable
{
    private readonly FakeSilos _silos = new(1, new ArtifactOptions { Grace = TimeSpan.FromHours(1) });
    private readonly Roots _roots = new();
    private readonly ArtifactReference _kept;
    private readonly ArtifactReference _other;

    public ArtifactCollectorTests()
    {
        _kept = Silo.Store.Put("kept"u8.ToArray());
        _other = Silo.Store.Put("other"u8.ToArray());
        _roots.Names = [_kept.Sha256];
    }

    private FakeSilo Silo => _silos[0];

    public void Dispose() => _silos.Dispose();

    [Fact]
    public async Task What_nothing_refers_to_goes_after_the_grace_period_and_what_is_referred_to_stays()
    {
        Assert.Empty(await CollectAsync());
        Silo.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await CollectAsync());
        Silo.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([_other.Sha256], await CollectAsync());
        Assert.Equal([_kept], Silo.Store.List());
    }

    [Fact]
    public async Task Grace_begins_anew_once_something_referred_to_it_again()
    {
        await CollectAsync();
        Silo.Clock.Advance(TimeSpan.FromMinutes(59));
        _roots.Names = [_kept.Sha256, _other.Sha256];
        await CollectAsync();
        _roots.Names = [_kept.Sha256];
        Silo.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await CollectAsync());
        Silo.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Single(await CollectAsync());
    }

    [Fact]
    public async Task What_was_just_stored_again_or_read_is_not_collected()
    {
        await CollectAsync();
        Silo.Clock.Advance(TimeSpan.FromHours(2));
        Silo.Store.Put("other"u8.ToArray());
        Assert.Empty(await CollectAsync());
        Silo.Clock.Advance(TimeSpan.FromMinutes(59));
        Silo.Store.Read(_other.Sha256);
        Silo.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await CollectAsync());
        Silo.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Single(await CollectAsync());
    }

    [Fact]
    public async Task New_process_waits_the_whole_grace_period()
    {
        Silo.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await CollectAsync());
    }

    [Fact]
    public async Task Unknown_or_empty_database_lets_nothing_be_collected()
    {
        await CollectAsync();
        Silo.Clock.Advance(TimeSpan.FromHours(2));
        _roots.Names = null;
        Assert.Empty(await CollectAsync());
        _roots.Names = [];
        Assert.Empty(await CollectAsync());
        Assert.Equal(2, Silo.Store.List().Count);
    }

    private Task<IReadOnlyList<string>> CollectAsync() => Silo.Collector.CollectAsync(_roots, CancellationToken.None);

    private sealed class Roots : IArtifactRoots
    {
        public HashSet<string>? Names { get; set; }

        public Task<IReadOnlySet<string>?> ReadAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlySet<string>?>(Names);
    }
}
