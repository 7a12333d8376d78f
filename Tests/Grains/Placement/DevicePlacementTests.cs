using System.Reflection;

using Orleans.Placement;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

/// <summary>Where models go in a cluster of several kinds of devices.</summary>
public sealed class DevicePlacementTests
{
    [Fact]
    public async Task Models_train_on_the_device_that_they_require_wherever_the_run_is()
    {
        // The faster one is where a model goes that may go anywhere.
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Cpu(5000), DeviceCluster.Card(50)]);
        (string cpu, string card) = (cluster.Named(DeviceCluster.Cpu(5000)), cluster.Named(DeviceCluster.Card(50)));
        foreach (string role in (string[])["expert-0", "router"])
        {
            // A question places a model too, and whoever asks does not know its needs.
            IModelGrain model = role == "router" ? cluster.Cluster.Client.GetGrain<IRouterGrain>(GrainKeys.Model("r", role)) : cluster.Cluster.Client.GetGrain<IExpertGrain>(GrainKeys.Model("r", role));
            Assert.Equal(cpu, (await model.GetStatusAsync()).Silo);
        }

        RunSpec spec = DeviceCluster.Spec("cuda", 8);
        await cluster.Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus end = await cluster.FinishAsync(spec);
        Assert.All(end.Models, m => Assert.Equal("cuda:0", m.Device));
        Assert.Empty(cluster.Opened(cpu));
        Assert.Equal(["expert-0", "expert-1", "router"], cluster.Opened(card).Distinct().Order());

        // Those that sat on the wrong silo have moved without a word of error.
        Assert.Empty(cluster.Log);
        Assert.All(cluster.Runtimes[card].Slots, s => Assert.Equal("cuda:0", s.Device));
        Assert.All(cluster.Runtimes[cpu].Slots, s => Assert.Equal("cpu", s.Device));
    }

    [Fact]
    public async Task Models_that_start_together_spread_over_silos_that_are_alike()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Cpu(), DeviceCluster.Cpu(), DeviceCluster.Cpu(), DeviceCluster.Cpu()], slots: 8);
        cluster.BeforeStep = (_, step, stop) => step < 10 || stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)) & false;
        RunSpec spec = DeviceCluster.Spec("any");
        spec = spec with { Experts = new ExpertsSpec { Count = 7 }, Training = spec.Training with { Batch = 70 } };
        await cluster.Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await cluster.UntilAsync(s => s.Models.Length == 8 && s.Models.All(m => m.Step == 10));
        Assert.Equal([2, 2, 2, 2], status.Models.GroupBy(m => m.Silo).Select(g => g.Count()));
        await cluster.Run().StopAsync();
    }

    [Fact]
    public async Task A_run_says_once_which_device_it_waits_for_and_goes_on_when_one_comes()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Cpu(), DeviceCluster.Card(gibibytes: 4)]);
        RunSpec spec = DeviceCluster.Spec("cuda", 8);
        var told = new List<string>();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await cluster.Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus waiting = await cluster.UntilAsync(s => s.Waiting is not null);
        Task watching = WatchAsync();
        Assert.Equal((RunPhase.Training, "cuda with 8 GiB"), (waiting.Phase, waiting.Waiting));

        // Looks of the run come and go; attaching makes it look at once.
        for (int look = 0; look < 10; look++)
        {
            Assert.Equal("cuda with 8 GiB", (await cluster.Run().SubmitAsync(SpecJson.Write(spec))).Status.Waiting);
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(["Run r waits for cuda with 8 GiB"], cluster.Log);
        Assert.All(cluster.Runtimes.Keys, silo => Assert.Empty(cluster.Opened(silo)));

        string card = await cluster.JoinAsync(DeviceCluster.Card(gibibytes: 9));
        await cluster.FinishAsync(spec);
        Assert.Equal(["expert-0", "expert-1", "router"], cluster.Opened(card).Order());
        await watching;
        Assert.Equal(["Waiting for cuda with 8 GiB"], told);
        Assert.Single(cluster.Log);

        async Task WatchAsync()
        {
            await foreach (RunEvent e in cluster.Run().WatchAsync(0, late.Token).WithBatchSize(1))
            {
                if (e.Message?.StartsWith("Waiting", StringComparison.Ordinal) == true)
                {
                    told.Add(e.Message);
                }
            }
        }
    }

    [Fact]
    public async Task What_prefers_a_card_takes_its_free_slots_and_the_rest_train_elsewhere()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Cpu(5000), DeviceCluster.Card(50)]);
        string card = cluster.Named(DeviceCluster.Card(50));
        RunSpec spec = DeviceCluster.Spec("prefer-cuda");
        cluster.HoldAt(18);
        await cluster.Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus held = await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Step == 18));
        Assert.Equal(2, held.Models.Count(m => m.Silo == card && m.Device == "cuda:0"));
        Assert.Single(held.Models, m => m.Device == "cpu");
        cluster.LetGo();
        await cluster.FinishAsync(spec);
    }

    [Fact]
    public async Task Rebalancing_moves_models_to_a_faster_silo_that_joins_and_no_bit_is_lost()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Cpu(10)], slots: 4);
        string slow = cluster.Named(DeviceCluster.Cpu(10));
        RunSpec spec = DeviceCluster.Spec("cpu");
        cluster.HoldAt(18);
        await cluster.Run().SubmitAsync(SpecJson.Write(spec));
        await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Step == 18));
        IClusterGrain care = cluster.Cluster.Client.GetGrain<IClusterGrain>(0);
        Assert.Empty(await care.RebalanceAsync());

        await cluster.JoinAsync(DeviceCluster.Card(1000)); // faster still, but not what the spec asks for
        string fast = await cluster.JoinAsync(DeviceCluster.Cpu(100));
        ModelMove[] moves = [];
        await Until.HoldsAsync(async () => (moves = await care.RebalanceAsync()).Length > 0);
        Assert.Equal([("expert-0", slow, fast), ("expert-1", slow, fast), ("router", slow, fast)], moves.Select(m => (m.Role, m.From, m.To)).Order());
        RunStatus moved = await cluster.UntilAsync(s => s.Models.All(m => m.Silo == fast && m.From == 18));
        Assert.All(moved.Models, m => Assert.Equal("cpu", m.Device));
        Assert.Empty(await care.RebalanceAsync());
        cluster.LetGo();
        await cluster.FinishAsync(spec);
    }

    [Fact]
    public async Task A_model_that_finds_its_device_full_goes_to_another_one()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Card(5000), DeviceCluster.Card(50)], slots: 4);
        (string full, string free) = (cluster.Named(DeviceCluster.Card(5000)), cluster.Named(DeviceCluster.Card(50)));
        cluster.Runtimes[full].BeforeStep = (_, _, _) => throw new DeviceMemoryException("CUDA out of memory");
        RunSpec spec = DeviceCluster.Spec("cuda");
        await cluster.Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus end = await cluster.FinishAsync(spec);
        Assert.All(end.Models, m => Assert.Equal(free, m.Silo));
        Assert.NotEmpty(cluster.Opened(full));
    }

    [Fact]
    public async Task The_cluster_tells_what_devices_its_silos_have_and_which_slots_are_in_use()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync([DeviceCluster.Card(5000), DeviceCluster.Cpu(50)], slots: 3);
        (string card, string cpu) = (cluster.Named(DeviceCluster.Card(5000)), cluster.Named(DeviceCluster.Cpu(50)));
        cluster.Runtimes[card].Devices = new MemoryMeter { Free = { ["cuda:0"] = 1234 } };
        cluster.HoldAt(18);
        await cluster.Run().SubmitAsync(SpecJson.Write(DeviceCluster.Spec("cuda", gibibytes: 1e-6)));
        await cluster.UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Step == 18));
        IClusterGrain care = cluster.Cluster.Client.GetGrain<IClusterGrain>(0);
        DeviceStatus[] silos = [];
        await Until.HoldsAsync(async () => (silos = await care.GetDevicesAsync()).Any(s => s.Silo == card && s.Slots.All(t => t.Sessions.Length == 1)));
        Assert.Equal(new[] { card, cpu }.Order(StringComparer.Ordinal), silos.Select(s => s.Silo));
        DeviceStatus busy = silos.Single(s => s.Silo == card);
        Assert.Equal((DeviceCluster.Card(5000), 1234), (busy.Facts!, busy.FreeMemory));
        DeviceStatus idle = silos.Single(s => s.Silo == cpu);
        Assert.Equal((DeviceCluster.Cpu(50), null), (idle.Facts!, idle.FreeMemory));
        Assert.All(idle.Slots, s => Assert.Empty(s.Sessions));
        Assert.Equal(3, idle.Slots.Length);
        cluster.LetGo();
    }

    [Fact]
    public void Models_are_moved_by_nobody_but_us()
    {
        Type[] grains = [typeof(ExpertGrain), typeof(RouterGrain), typeof(IslandGrain), typeof(PeerGrain)];
        Assert.All(grains, g => Assert.Equal(ImmovableKind.Any, g.GetCustomAttribute<ImmovableAttribute>()?.Kind));
        Assert.Null(typeof(RunGrain).GetCustomAttribute<PlacementFilterAttribute>());
    }
}
