using System.Diagnostics;

using Orleans.Runtime;
using Orleans.Runtime.Placement;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Client.Chaos;

/// <summary>
/// Draws images, kills a silo in mid-image, the one that draws them or one that evaluates an expert for it, and compares the images with undisturbed ones, bit by bit.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="run">A run that is ready.</param>
internal sealed class SamplerTrial(ChaosCluster cluster, string run)
{
    private const int Images = 64;
    private const int SolverSteps = 400;
    private const double EarliestShare = 0.05;
    private const double LatestShare = 0.4;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <summary>What is promised.</summary>
    /// <param name="sparesSampler">Whether the silo that draws is spared.</param>
    public static string Promise(bool sparesSampler) => "the same images, bit by bit" + (sparesSampler ? "; the client need not ask again" : string.Empty);

    /// <summary>Runs the trial.</summary>
    public async Task<TrialOutcome> RunAsync(Fault fault, Random random, CancellationToken cancellation)
    {
        await WholeAsync(cancellation);
        cluster.AskThrough(null);
        var order = new SampleOrder("full", Images, (ulong)random.Next(), Steps: SolverSteps);
        float[] expected = (await DrawAsync(await cluster.GrainsAsync(cancellation), order, null, cancellation)).Values;
        string? replica = fault.SparesSampler ? await ReplicaAsync(random, cancellation) : null;
        double moment = EarliestShare + ((LatestShare - EarliestShare) * random.NextDouble());
        double? back = null;
        var complaints = new List<string?>();
        try
        {
            // A client that loses its own gateway asks again, which shows nothing of replicas.
            cluster.AskThrough(replica is null ? null : cluster.Silos.Where(s => s != replica));
            IGrainFactory grains = await cluster.GrainsAsync(cancellation);
            IManagementGrain management = grains.GetGrain<IManagementGrain>(0);
            if (replica is not null)
            {
                MembershipEntry[] hosts = await management.GetDetailedHosts(onlyActive: true);
                RequestContext.Set(IPlacementDirector.PlacementHintKey, hosts.First(h => h.SiloName != replica).SiloAddress);
            }

            HashSet<GrainId> old = [.. (await SamplersAsync(management)).Select(g => g.GrainId)];
            var share = new Share();
            Task<SampledImages> drawing = DrawAsync(grains, order, share, cancellation);
            string? sampler = await SamplerAsync(management, old, drawing, cancellation);
            while (share.Done < moment && !drawing.IsCompleted)
            {
                await Task.Delay(Look, cancellation);
            }

            var clock = Stopwatch.StartNew();
            bool underWay = sampler is not null && !drawing.IsCompleted;
            if (sampler is not null)
            {
                cluster.Kill(replica ?? sampler);
                underWay &= !drawing.IsCompleted;
            }

            float[] values = (await drawing.WaitAsync(Limit, cancellation)).Values;
            back = clock.Elapsed.TotalSeconds;
            complaints.Add(Judge(underWay, expected, values));
            cluster.Release();
            await WholeAsync(cancellation);
            int asked = replica is null ? 1 : (await SamplersAsync(management)).Count(g => !old.Contains(g.GrainId));
            complaints.Add(replica is not null && sampler == replica ? $"{replica} was to evaluate only, and drew" : asked != 1 ? $"the client asked {asked} times" : null);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or InvalidOperationException)
        {
            complaints.Add(back is null ? $"the images were not drawn: {e.Message}" : e.Message);
        }
        finally
        {
            cluster.Release();
            cluster.AskThrough(null);
        }

        return new TrialOutcome(fault.Name, null, back, 0, TrialGuard.Join(complaints));
    }

    /// <summary>What is wrong with images that were drawn; null = nothing.</summary>
    /// <param name="underWay">Whether they were still being drawn when the silo was killed.</param>
    /// <param name="expected">The undisturbed ones.</param>
    /// <param name="values">The images.</param>
    internal static string? Judge(bool underWay, float[] expected, float[] values) =>
        !underWay ? "the images were drawn before the silo was killed" : values.AsSpan().SequenceEqual(expected) ? null : "the images have other bits";

    private Task<SampledImages> DrawAsync(IGrainFactory grains, SampleOrder order, IProgress<double>? share, CancellationToken cancellation) =>
        new GrainSampleSource(grains, run, parallel: 1).SampleAsync(order, share, cancellation);

    private Task WholeAsync(CancellationToken cancellation) =>
        ChaosCluster.UntilAsync("all silos are active", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);

    /// <summary>The silo that evaluates some expert as long as nothing fails. It has drawn images already, so that it must have a model open.</summary>
    private async Task<string> ReplicaAsync(Random random, CancellationToken cancellation)
    {
        RunStatus status = await FaultTrial.UntilReadyAsync(cluster, run, cancellation);
        string role = "expert-" + random.Next(status.Models.Length - 1);
        ModelStatus expert = status.Models.Single(m => m.Role == role);
        string silo = ReplicaOrder.Of(cluster.Silos, s => s, expert.Weights!.Sha256).First();
        IClusterGrain devices = (await cluster.GrainsAsync(cancellation)).GetGrain<IClusterGrain>(0);
        await ChaosCluster.UntilAsync(
            $"{silo}, the first to be asked for {role}, has a model open",
            Limit,
            async () => (await devices.GetDevicesAsync(cancellation)).Any(d => d.Silo == silo && d.Slots.Any(s => s.Predictors > 0)),
            cancellation);
        return silo;
    }

    /// <summary>The silo that draws; null = it is done already.</summary>
    private async Task<string?> SamplerAsync(IManagementGrain management, HashSet<GrainId> old, Task drawing, CancellationToken cancellation)
    {
        while (!drawing.IsCompleted)
        {
            if ((await SamplersAsync(management)).FirstOrDefault(g => !old.Contains(g.GrainId)) is { } sampler)
            {
                IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(cluster.ConnectionString, cancellation);
                return drawing.IsCompleted ? null : members.First(m => m.Status == "Active" && m.Silo.Equals(sampler.SiloAddress.Endpoint)).Name;
            }
        }

        return null;
    }

    private static async Task<IEnumerable<DetailedGrainStatistic>> SamplersAsync(IManagementGrain management) =>
        (await management.GetDetailedGrainStatistics()).Where(g => g.GrainId.ToString().Contains("sample/", StringComparison.Ordinal));

    private sealed class Share : IProgress<double>
    {
        private double _done;

        public double Done => Volatile.Read(ref _done);

        public void Report(double value) => Volatile.Write(ref _done, value);
    }
}
