using System.Diagnostics;

using Orleans.Runtime;

using OrleansDDM.Client.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Client.Chaos;

/// <summary>Draws images, kills the silo that draws them half-way, and compares the images with undisturbed ones, bit by bit.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="run">A run that is ready.</param>
internal sealed class SamplerTrial(ChaosCluster cluster, string run)
{
    private const int Images = 64;
    private const int SolverSteps = 400;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Runs the trial.</summary>
    public async Task<TrialOutcome> RunAsync(Fault fault, int seed, CancellationToken cancellation)
    {
        await ChaosCluster.UntilAsync("all silos are active", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
        cluster.AskThrough(null);
        IGrainFactory grains = await cluster.GrainsAsync(cancellation);
        var source = new GrainSampleSource(grains, run, parallel: 1);
        var order = new SampleOrder("full", Images, (ulong)(uint)seed, Steps: SolverSteps);
        float[] expected = (await source.SampleAsync(order, cancellation: cancellation)).Values;
        IManagementGrain management = grains.GetGrain<IManagementGrain>(0);
        HashSet<GrainId> old = [.. (await SamplersAsync(management)).Select(g => g.GrainId)];
        Task<SampledImages> drawing = source.SampleAsync(order, cancellation: cancellation);
        string? victim = await SamplerAsync(management, old, drawing, cancellation);
        if (victim is null)
        {
            return new TrialOutcome(fault.Name, null, null, 0, "the images were drawn before their silo was found");
        }

        var clock = Stopwatch.StartNew();
        cluster.Kill(victim);
        bool underWay = !drawing.IsCompleted;
        double? back = null;
        var complaints = new List<string?>();
        try
        {
            float[] values = (await drawing.WaitAsync(Limit, cancellation)).Values;
            back = clock.Elapsed.TotalSeconds;
            complaints.Add(Judge(underWay, expected, values));
            cluster.Release();
            await ChaosCluster.UntilAsync("all silos are active again", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
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
    /// <param name="underWay">Whether they were still being drawn when their silo was killed.</param>
    /// <param name="expected">The undisturbed ones.</param>
    /// <param name="values">The images.</param>
    internal static string? Judge(bool underWay, float[] expected, float[] values) =>
        !underWay ? "the images were drawn before their silo was killed" : values.AsSpan().SequenceEqual(expected) ? null : "the images have other bits";

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
}
