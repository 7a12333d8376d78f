using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Islands whose peers, models or grains fail.</summary>
public sealed class IslandFaultTests : IslandTest
{
    [Theory]
    [InlineData("modest")]
    [InlineData("dpsgd")]
    [InlineData("gossip")]
    public async Task Unreachable_peers_never_train_and_the_island_does_without(string protocol)
    {
        RunSpec spec = Spec(protocol) with { Islands = Spec(protocol).Islands with { Unreachable = 0.34 } };
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.All(status.Models, m => Assert.Equal((6, 2), (m.Island!.Peers, m.Island.Unreachable)));

        // The same two in every island: it is the peer that is down.
        Assert.Equal(4, Runtime.Trainings.Where(t => t.Round >= 0).Select(t => t.Peer).Distinct().Count());
    }

    [Fact]
    public async Task Single_peer_that_answers_trains_on_by_gossip_too()
    {
        RunSpec spec = Spec("gossip") with { Islands = Spec("gossip").Islands with { Unreachable = 0.84 } };
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.All(status.Models, m => Assert.Equal((6, 5, m.Island!.Rounds), (m.Island.Peers, m.Island.Unreachable, m.Island.Round)));
    }

    [Fact]
    public async Task Killed_peers_come_back_with_what_they_had_persisted()
    {
        using var released = new ManualResetEventSlim();
        Runtime.BeforeTraining = (_, _, round, stop) => WaitHandle.WaitAny([released.WaitHandle, stop.WaitHandle], round >= 2 ? Patience : TimeSpan.Zero);
        await Run().SubmitAsync(SpecJson.Write(Spec("modest")));
        await Until.HoldsAsync(async () => Experts(await Run().GetStatusAsync()).All(m => m.Island?.Round >= 2));

        // As after kill -9: a silo on a copy of the folder; nobody has ended in order.
        RunFolder old = Folder;
        Folder = old.Copy();
        released.Set();
        await Silo.DisposeAsync();
        old.Dispose();
        int before = Runtime.Trainings.Count;
        Silo = await StartAsync();
        await Run().ResumeAsync();
        RunStatus status = await EndAsync();

        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        foreach (ModelStatus model in Experts(status))
        {
            Assert.Equal(model.Island!.Rounds, model.Island.Round);
            Assert.All(await PeersAsync(model.Role), p => Assert.Equal(2, p.Term));
        }

        // Nobody began again at the first round; the router may not have come beyond it when it was killed.
        Assert.All(Runtime.Trainings.Skip(before).Where(t => t.Role != "router"), t => Assert.True(t.Round >= 1, $"{t.Role}, peer {t.Peer}: round {t.Round}"));
    }

    [Fact]
    public async Task A_model_that_was_done_before_a_restart_still_tells_of_its_island()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec("dpsgd")));
        ModelStatus[] before = [.. Experts(await EndAsync())];
        await Silo.DisposeAsync();
        Silo = await StartAsync();

        foreach (ModelStatus model in before)
        {
            ModelStatus after = await Silo.Client.GetGrain<IIslandGrain>(GrainKeys.Model("r", model.Role)).GetStatusAsync();
            Assert.Equal((ModelPhase.Done, 6), (after.Phase, after.Island!.Peers));
            Assert.Equal(after.Island.Rounds, after.Island.Round);

            // As at its last checkpoint; peers may have ended a training since.
            Assert.InRange(after.Island.Counts.Trainings, after.Island.Rounds * 6, model.Island!.Counts.Trainings);
        }
    }

    [Fact]
    public async Task What_compression_left_out_survives_a_crash()
    {
        using var released = new ManualResetEventSlim();
        HashSet<string> held = [];
        Runtime.BeforeTraining = (role, _, round, stop) =>
        {
            if (round >= 2)
            {
                lock (held)
                {
                    held.Add(role.ToString());
                }

                WaitHandle.WaitAny([released.WaitHandle, stop.WaitHandle]);
            }
        };
        RunSpec spec = Spec("modest") with { Islands = Spec("modest").Islands with { Compression = "top-k", CompressionKeep = 0.5 } };
        await Run().SubmitAsync(SpecJson.Write(spec));

        // With a round complete and the next one held, nobody's update is under way.
        await Until.HoldsAsync(() =>
        {
            lock (held)
            {
                return Task.FromResult(held.Contains("expert-0") && held.Contains("expert-1"));
            }
        });
        double[] before = await LeftOutAsync();
        Assert.InRange(before.Count(l => l > 0), 2, 12);

        RunFolder old = Folder;
        Folder = old.Copy();
        await Silo.DisposeAsync();
        old.Dispose();
        Silo = await StartAsync();
        await Run().ResumeAsync();
        await Until.HoldsAsync(async () => (await PeersAsync("expert-0")).Concat(await PeersAsync("expert-1")).All(p => p.Running));
        Assert.Equal(before, await LeftOutAsync());

        released.Set();
        RunStatus status = await EndAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
    }

    [Fact]
    public async Task Only_the_artifacts_of_the_models_stay_on_disk()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec("dpsgd")));
        RunStatus status = await EndAsync();
        IEnumerable<string> kept = status.Models.SelectMany(m => m.Checkpoints.Append(m.Best).OfType<CheckpointReference>()
            .Select(c => c.Artifact).Append(m.Weights!)).Select(a => a.Sha256).Distinct();
        await Until.HoldsAsync(() => Task.FromResult(kept.Order(StringComparer.Ordinal).SequenceEqual(
            Directory.EnumerateFiles(Folder.File("artifacts"), "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!)
                .Where(n => n.Length == 64).Order(StringComparer.Ordinal))));
    }

    [Fact]
    public async Task Peers_that_hold_too_little_fault_the_run_with_a_mend()
    {
        RunSpec spec = Spec("modest") with { Islands = Spec("modest").Islands with { MinSamples = 500 } };
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("islands.minSamples", status.Message, StringComparison.Ordinal);
    }

    private async Task<PeerStatus[]> PeersAsync(string role) =>
        await Task.WhenAll(Enumerable.Range(0, 6).Select(p => Peer(role, p).GetStatusAsync()));

    private async Task<double[]> LeftOutAsync() =>
        [.. (await PeersAsync("expert-0")).Concat(await PeersAsync("expert-1")).Select(p => p.LeftOut)];
}
