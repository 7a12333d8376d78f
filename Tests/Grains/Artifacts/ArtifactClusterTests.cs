using System.Collections.Concurrent;

using Orleans.TestingHost;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Runs on silos that share no folder.</summary>
public sealed class ArtifactClusterTests
{
    private readonly FakeRuntime _runtime = new();

    [Fact]
    public async Task Everything_that_a_run_refers_to_is_on_two_silos_and_nothing_else_stays()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime);
        RunStatus status = await cluster.TrainAsync();
        ArtifactReference[] referred = ArtifactCluster.Referred(status);
        AssertExpected(status);
        ReplicaCount count = await cluster.Artifacts.CountAsync([.. referred.Select(r => r.Sha256)]);
        Assert.Equal(2, count.Wanted);
        Assert.All(count.Counts, c => Assert.InRange(c, 2, 3));
        await ArtifactCluster.UntilAsync(
            () => Task.FromResult(cluster.Cluster.Silos.SelectMany(s => cluster.Held(s.Name)).Distinct().Order().SequenceEqual(referred.Select(r => r.Sha256).Order())),
            "Checkpoints that are not kept stay on a silo.");
        ArtifactHostStatus[] silos = await cluster.Artifacts.GetStatusAsync();
        Assert.Equal(cluster.Cluster.Silos.Select(s => s.Name).Order(), silos.Select(s => s.Silo));
        Assert.Equal(count.Counts.Sum(), silos.Sum(s => s.Count));
        await ArtifactCluster.UntilAsync(
            () => Task.FromResult(cluster.Cluster.Silos.All(s => cluster.Service<Checkpoints>(s).Remembered == 0)), "A silo remembers models that are done.");
    }

    [Fact]
    public async Task Nothing_refers_to_a_checkpoint_before_its_replica_is_there()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime, silos: 2);
        var replicas = new ConcurrentDictionary<string, bool>();
        foreach (InProcessSiloHandle silo in cluster.Cluster.Silos)
        {
            InProcessSiloHandle other = cluster.Cluster.Silos.Single(s => s != silo);
            cluster.Disks[silo.Name].BeforeNaming = name =>
            {
                if (File.Exists(cluster.PathOf(other.Name, new ArtifactReference(name, 0))))
                {
                    replicas[name] = cluster.ReadAsync(default).GetAwaiter().GetResult()!.Contains(name);
                }
            };
        }

        RunStatus status = await cluster.TrainAsync();
        string[] early = [.. replicas.Where(r => r.Value).Select(r => r.Key)];
        Assert.Empty(early);
        Assert.All(ArtifactCluster.Referred(status), reference => Assert.Contains(reference.Sha256, replicas.Keys));
    }

    [Fact]
    public async Task Silo_that_dies_costs_no_step_and_its_replicas_are_made_up_for()
    {
        Hold(18);
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime);
        await cluster.Run().SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        RunStatus held = await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Checkpoints.LastOrDefault()?.Step == 18));
        int opened = _runtime.Opened.Count;
        InProcessSiloHandle victim = Writers(cluster, "expert-0").Single();
        await cluster.Cluster.KillSiloAsync(victim);
        await ArtifactCluster.UntilAsync(
            async () =>
            {
                ReplicaCount count = await cluster.Artifacts.CountAsync([.. held.Models.Select(m => m.Checkpoints[^1].Artifact.Sha256)]);
                return count.Wanted == 2 && count.Counts.All(c => c >= 2);
            },
            "The replicas were not made up for.");
        await cluster.Run().SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        await cluster.UntilAsync(s => s.Phase == RunPhase.Training);
        Hold(null);
        AssertExpected(await cluster.UntilAsync(s => s.Phase == RunPhase.Ready));
        Assert.NotEmpty(_runtime.Opened.Skip(opened));
        Assert.All(_runtime.Opened.Skip(opened), o => Assert.Equal(18, o.Step));
    }

    [Fact]
    public async Task Silo_without_the_weights_brings_them_and_predicts()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime, silos: 2);
        RunStatus status = await cluster.TrainAsync();
        InProcessSiloHandle late = await cluster.Cluster.StartAdditionalSiloAsync();
        ArtifactReference weights = status.Models[0].Weights!;
        Assert.False(File.Exists(cluster.PathOf(late.Name, weights)));
        Assert.Equal(4, (await PredictAsync(cluster, late, status, 0)).Length);
        Assert.True(cluster.Service<IArtifactStore>(late).Verify(weights.Sha256));
    }

    [Fact]
    public async Task Spoilt_file_is_put_aside_on_its_silo_and_the_other_replica_serves()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime, silos: 2);
        RunStatus status = await cluster.TrainAsync();
        InProcessSiloHandle late = await cluster.Cluster.StartAdditionalSiloAsync();
        ArtifactReference weights = status.Models[0].Weights!;
        InProcessSiloHandle[] holders = cluster.Holders(weights);
        Assert.Equal(2, holders.Length);
        InProcessSiloHandle first = holders.Single(h => h.SiloAddress.Equals(ArtifactExchange.InOrder(weights.Sha256, holders.Select(x => x.SiloAddress)).First()));
        string path = cluster.PathOf(first.Name, weights);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[3] ^= 1;
        File.WriteAllBytes(path, bytes);
        await PredictAsync(cluster, late, status, 0);
        Assert.True(cluster.Service<IArtifactStore>(late).Verify(weights.Sha256));
        Assert.Equal(1, cluster.Service<IArtifactStore>(first).Quarantined());
    }

    [Fact]
    public async Task Full_disk_of_one_silo_does_not_stop_a_run_on_the_others()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime, silos: 4);
        Hold(0);
        await cluster.Run().SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        string[] roles = ["expert-0", "expert-1", "router"];
        await ArtifactCluster.UntilAsync(() => Task.FromResult(roles.All(r => Writers(cluster, r).Any())), "Not all models were opened.");
        string idle = cluster.Cluster.Silos.Select(s => s.Name).Except(roles.SelectMany(r => Writers(cluster, r)).Select(s => s.Name)).First();
        cluster.Disks[idle].Space = 0;
        Hold(null);
        AssertExpected(await cluster.UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted));
        Assert.Empty(cluster.Held(idle));
    }

    [Fact]
    public async Task Model_whose_silo_can_store_no_more_goes_on_from_its_last_checkpoint_on_another_one()
    {
        Hold(18);
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime);
        await cluster.Run().SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        RunStatus held = await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Checkpoints.LastOrDefault()?.Step == 18));
        string full = held.Models[0].Silo!;
        cluster.Disks[full].Space = 0;
        Hold(null);
        RunStatus end = await cluster.UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        Assert.Null(end.Message);
        AssertExpected(end);
        Assert.All(end.Models, m => Assert.NotEqual(full, m.Silo));
        Assert.Equal(18, end.Models[0].From);
        Assert.True(end.Models[0].Term > held.Models[0].Term);
    }

    [Fact]
    public async Task Removed_run_leaves_no_row_and_no_file_and_other_runs_stay()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime);
        RunStatus other = await cluster.TrainAsync("other");
        long rows = cluster.Rows();
        Hold(18);
        await cluster.Run("gone").SubmitAsync(SpecJson.Write(ArtifactCluster.Spec("gone")));
        await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Checkpoints.LastOrDefault()?.Step == 18), "gone");
        await Assert.ThrowsAsync<RunActiveException>(() => cluster.Run("gone").RemoveAsync());
        await cluster.Run("gone").RemoveAsync(force: true);
        Assert.Equal(RunPhase.None, (await cluster.Run("gone").GetStatusAsync()).Phase);
        Assert.Equal(rows, cluster.Rows());
        Assert.All(cluster.Cluster.Silos, s => Assert.False(Directory.Exists(Path.Combine(cluster.FolderOf(s.Name), "checkpoints", "gone"))));
        await ArtifactCluster.UntilAsync(
            () => Task.FromResult(cluster.Cluster.Silos.SelectMany(s => cluster.Held(s.Name)).Distinct().Order().SequenceEqual(ArtifactCluster.Referred(other).Select(r => r.Sha256).Order())),
            "Files of the removed run stay, or those of the other run are gone.");
        await Assert.ThrowsAsync<RunNotFoundException>(() => cluster.Run("gone").RemoveAsync());

        // The name is free again.
        Hold(null);
        AssertExpected(await cluster.TrainAsync("gone"), "gone");
    }

    [Theory]
    [InlineData("other", 0)]
    [InlineData("data", 18)]
    public async Task Silo_that_missed_the_removal_of_a_run_has_checkpoints_for_the_same_data_only(string data, int from)
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime, silos: 2);
        Hold(18);
        await cluster.Run().SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Checkpoints.LastOrDefault()?.Step == 18));
        await cluster.Run().StopAsync();
        InProcessSiloHandle away = Writers(cluster, "expert-0").Single();
        InProcessSiloHandle stays = cluster.Cluster.Silos.Single(s => s != away);
        await cluster.Cluster.KillSiloAsync(away);
        await ArtifactCluster.UntilAsync(() => Task.FromResult(cluster.Service<SiloDirectory>(stays).Active().Count == 1), "The silo is not known to be dead.");
        await cluster.Run().RemoveAsync(force: true);
        Assert.False(Directory.Exists(Path.Combine(cluster.FolderOf(stays.Name), "checkpoints", "r")));

        // It comes back, and is alone when the name is used again.
        InProcessSiloHandle back = (await cluster.Cluster.RestartSiloAsync(away))!;
        Assert.Equal(away.Name, back.Name);
        await ArtifactCluster.UntilAsync(() => Task.FromResult(cluster.Service<SiloDirectory>(stays).Active().Count == 2), "The silo has not come back.");
        await cluster.Cluster.StopSiloAsync(stays);
        _runtime.Fingerprint = data;
        Hold(null);
        IRunGrain run = cluster.Service<IGrainFactory>(back).GetGrain<IRunGrain>(GrainKeys.Run("r"));
        await run.SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        RunStatus end = await Until.SeenAsync(() => run.GetStatusAsync()!, s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        AssertExpected(end);
        Assert.Equal(from, end.Models[0].From);
    }

    [Fact]
    public async Task Disk_that_has_no_file_handle_for_a_moment_costs_no_run()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(_runtime, silos: 1);
        FailingFiles disk = cluster.Disks.Values.Single();
        Hold(18);
        await cluster.Run().SubmitAsync(SpecJson.Write(ArtifactCluster.Spec()));
        await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Checkpoints.LastOrDefault()?.Step == 18));
        await cluster.Run().StopAsync();

        // As the checkpoints are opened, and as later ones are written.
        int refused = 0;
        _runtime.BeforeStep = (_, step, _) =>
        {
            if (step == 26 && Interlocked.Exchange(ref refused, 1) == 0)
            {
                Assert.InRange(disk.Refusals, int.MinValue, 0);
                disk.Refusals = 4;
            }

            return true;
        };
        disk.Refusals = 4;
        await cluster.Run().ResumeAsync();
        RunStatus end = await cluster.UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        Assert.Null(end.Message);
        AssertExpected(end);
        Assert.All(end.Models, m => Assert.Equal(18, m.From));
        Assert.InRange(disk.Refusals, int.MinValue, 0);
    }

    private static void AssertExpected(RunStatus status, string name = "r")
    {
        Assert.Equal(RunPhase.Ready, status.Phase);
        Assert.Equal(
            ModelRole.Of(2).Select(role => ArtifactNames.Of(FakeRuntime.ExpectedWeights(ArtifactCluster.Spec(name), role))),
            status.Models.Select(m => m.Weights!.Sha256));
    }

    /// <summary>The silo that trains a model: only there its checkpoints are in an index; before the first one, its session.</summary>
    private static IEnumerable<InProcessSiloHandle> Writers(ArtifactCluster cluster, string role) => cluster.Cluster.Silos.Where(s =>
        File.Exists(Path.Combine(cluster.FolderOf(s.Name), "checkpoints", "r", role + ".jsonl"))
        || cluster.Service<SlotPool>(s).Status().Any(slot => slot.Sessions.Contains("model/r/" + role)));

    private static Task<float[]> PredictAsync(ArtifactCluster cluster, InProcessSiloHandle silo, RunStatus status, int model) =>
        cluster.Service<IDeviceHostClient>(silo).On(silo.SiloAddress).EvaluateAsync(new EvaluateRequest(
            new ModelReference(status.Spec, status.SpecHash, status.Models[model].Role, status.Models[model].Weights!), new float[4], 1, 0.5, 0.7, 0.7, null));

    private void Hold(int? step) => _runtime.BeforeStep = step is not { } limit ? (_, _, _) => true : (_, at, cancellation) =>
    {
        if (at < limit)
        {
            return true;
        }

        cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(5));
        return false;
    };
}
