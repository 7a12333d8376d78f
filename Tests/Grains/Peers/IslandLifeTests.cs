using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

using Microsoft.Extensions.DependencyInjection;

using Orleans.Hosting;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Begin and end of islands, on a silo whose calls can be lost.</summary>
public sealed class IslandLifeTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeIslandRuntime _runtime = new();
    private readonly RunFolder _folder = new();
    private SharedSilo _silo = null!;

    /// <summary>Says of a report whether it is lost on the way.</summary>
    private Func<PeerReport, string, bool> Loses { get; set; } = (_, _) => false;

    public async Task InitializeAsync()
    {
        _silo = await SharedSilo.StartAsync(_folder, _runtime, "a", silo => silo.AddIncomingGrainCallFilter(call =>
            call.InterfaceMethod.Name == nameof(IIslandGrain.ReportPeerAsync) && call.Request.GetArgument(0) is PeerReport report && Loses(report, call.TargetId.ToString())
                ? Task.CompletedTask
                : call.Invoke()));
        _silo.RunSettings.PollPeriod = TimeSpan.FromMilliseconds(100);
    }

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        SqliteSchema.Close(_folder.File("state.db"));
        _folder.Dispose();
    }

    [Theory]
    [InlineData("modest")]
    [InlineData("fedavg")]
    public async Task Rounds_whose_report_was_lost_are_told_again_and_the_island_ends(string protocol)
    {
        var lost = new ConcurrentDictionary<(string Island, int Peer, long Round), bool>();
        Loses = (report, island) => report.Model is not null && lost.TryAdd((island, report.Number, report.Round), true);
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(protocol)));
        RunStatus status = await UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.All(status.Models, m => Assert.Equal(m.Island!.Rounds, m.Island.Round));
        Assert.NotEmpty(lost);
    }

    [Fact]
    public async Task Report_about_another_spec_is_not_recorded()
    {
        Slow(from: 1);
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec("modest")));
        await UntilAsync(s => s.Models.Length > 0 && s.Models[0].Island?.Round >= 1);
        var model = new ArtifactReference(new string('a', 64), 10);
        await _silo.Client.GetGrain<IIslandGrain>(GrainKeys.Model("r", "expert-0")).ReportPeerAsync(
            new PeerReport("another", 0, 99, new PeerCounts { Trainings = 1000 }, 50, model, 1));
        RunStatus status = await _silo.Run().StopAsync();
        Assert.InRange(status.Models[0].Island!.Round, 1, 9);
        Assert.InRange(status.Models[0].Island!.Counts.Trainings, 1, 999);
    }

    [Fact]
    public async Task Removed_run_leaves_no_row_and_no_artifact_and_begins_anew()
    {
        Slow(from: 2);
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec("modest")));
        await UntilAsync(s => s.Models.Length > 0 && s.Models.SkipLast(1).All(m => m.Island?.Round >= 2));
        await _silo.Run().RemoveAsync(force: true);
        Assert.Equal(0, _folder.StoredStates());
        Assert.Empty(Directory.EnumerateFiles(_folder.File("artifacts"), "*", SearchOption.AllDirectories));

        int before = _runtime.Trainings.Count;
        _runtime.BeforeTraining = (_, _, _, _) => { };
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec("modest")));
        RunStatus status = await UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.All(status.Models.SkipLast(1), m => Assert.Contains(_runtime.Trainings.Skip(before), t => t.Role == m.Role && t.Round == 1));
    }

    [Fact]
    public async Task Peer_that_is_stopped_while_it_starts_stays_stopped()
    {
        using var inside = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        _runtime.BeforeImages = () =>
        {
            inside.Set();
            gate.Wait(Patience);
        };
        (IPeerGrain peer, PeerStart start) = Begin(Spec("dpsgd"), 3, DateTimeOffset.UnixEpoch);
        Task<PeerStatus> starting = peer.StartAsync(start);
        Assert.True(inside.Wait(Patience));
        await peer.StopAsync(3, forget: false);
        gate.Set();
        await Assert.ThrowsAsync<StaleTermException>(() => starting);
        await Assert.ThrowsAsync<StaleTermException>(() => peer.StartAsync(start));
        Assert.False((await peer.GetStatusAsync()).Running);
        Assert.True((await peer.StartAsync(start with { IslandTerm = 4 })).Running);

        // A stop that comes late, of an activation of the island that another one has followed, stops nobody.
        Assert.True((await peer.StopAsync(3, forget: true)).Running);
        await peer.StopAsync(4, forget: true);
    }

    [Fact]
    public async Task Peer_of_a_removed_run_serves_the_island_of_the_next_one_although_its_terms_begin_anew()
    {
        (IPeerGrain peer, PeerStart start) = Begin(Spec("dpsgd"), 7, DateTimeOffset.UnixEpoch);
        Assert.True((await peer.StartAsync(start)).Running);
        await Assert.ThrowsAsync<StaleTermException>(() => peer.StartAsync(start with { IslandTerm = 6 }));
        Assert.True((await peer.StartAsync(start with { IslandTerm = 1, Began = DateTimeOffset.UnixEpoch.AddDays(1) })).Running);
        await peer.StopAsync(1, forget: true);
        Assert.False((await peer.GetStatusAsync()).Running);
    }

    [Fact]
    public async Task Peer_that_was_stopped_serves_the_island_of_the_next_run_although_its_terms_begin_anew()
    {
        (IPeerGrain peer, PeerStart start) = Begin(Spec("dpsgd"), 7, DateTimeOffset.UnixEpoch);
        Assert.True((await peer.StartAsync(start)).Running);
        await peer.StopAsync(7, forget: false);
        await Assert.ThrowsAsync<StaleTermException>(() => peer.StartAsync(start));
        Assert.True((await peer.StartAsync(start with { IslandTerm = 1, Began = DateTimeOffset.UnixEpoch.AddDays(1) })).Running);
        await peer.StopAsync(1, forget: true);
    }

    [Fact]
    public async Task Peer_that_its_stopped_island_did_not_know_is_stopped_when_it_reports()
    {
        RunSpec spec = Spec("dpsgd");
        Slow(from: 1);
        await _silo.Run().SubmitAsync(SpecJson.Write(spec));
        await UntilAsync(s => s.Models.Length > 0 && s.Models[0].Island?.Round >= 1);
        RunStatus status = await _silo.Run().StopAsync();
        Assert.Equal(RunPhase.Stopped, status.Phase);
        await Until.HoldsAsync(async () => !(await Peer(0).GetStatusAsync()).Running);

        // As after a crash of the island's silo: the stop came before the new activation knew that the peer is at work.
        (IPeerGrain peer, PeerStart start) = Begin(spec, status.Models[0].Term, DateTimeOffset.UnixEpoch);
        Assert.True((await peer.StartAsync(start)).Running);
        await Until.HoldsAsync(async () => !(await peer.GetStatusAsync()).Running, Patience);
    }

    // Peer 0 of an island of one, and what its island would tell it.
    private (IPeerGrain Peer, PeerStart Start) Begin(RunSpec spec, long term, DateTimeOffset began)
    {
        string host = _silo.Services.GetRequiredService<ILocalSiloDetails>().Name;
        byte[] initial = _runtime.OpenPeers(spec, ModelRole.Expert(0), null!).Initial();
        return (Peer(0), new PeerStart(
            SpecJson.Canonical(spec), SpecJson.Hash(spec), term, ModelHandle.OfContent(initial).ToString(), [new PeerAddress(0, host, 10)], false, 1, began));
    }

    private IPeerGrain Peer(int number) => _silo.Client.GetGrain<IPeerGrain>(
        GrainKeys.Peer("r", "expert-0", number, _silo.Services.GetRequiredService<ILocalSiloDetails>().Name));

    private static RunSpec Spec(string protocol) => new()
    {
        Name = "r",
        Seed = 3,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, Batch = 8, CheckpointSeconds = 0 },
        Islands = new IslandsSpec { Peers = 4, Protocol = protocol, Shards = "iid", MinSamples = 1, LocalSteps = 5, SampleSize = 3 },
    };

    private void Slow(long from) => _runtime.BeforeTraining = (_, _, round, stop) => stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(round >= from ? 500 : 0));

    private Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until.SeenAsync<RunStatus>(async () => await _silo.Run().GetStatusAsync(), holds, Patience, what);
}
