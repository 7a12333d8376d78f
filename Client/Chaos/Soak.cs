using System.Diagnostics;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Chaos;

/// <summary>One long run, a fault every 20 to 30 seconds, and how much of its speed is left.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="logs">Its logs.</param>
/// <param name="stepMilliseconds">Shortest time of a training step.</param>
internal sealed class Soak(ChaosCluster cluster, ChaosLogs logs, double stepMilliseconds)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LeastGap = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan MostGap = TimeSpan.FromSeconds(30);

    /// <summary>The fewest minutes in which the first fault is sure to come.</summary>
    public static double LeastMinutes { get; } = 1.2 * MostGap.TotalMinutes;

    /// <summary>Steps that a soak of so many minutes can use up.</summary>
    public int StepsFor(double minutes) => (int)(((minutes * 60) + WarmUp.TotalSeconds + 30) * 1000 / stepMilliseconds);

    /// <summary>Runs it: first a minute without faults, then the faults, then the rest of the run at full speed.</summary>
    public async Task<SoakOutcome> RunAsync(
        ChaosMix mix, double minutes, RunSpec spec, IReadOnlyDictionary<string, string> expected, Random random, Action<string> say, CancellationToken cancellation)
    {
        IReadOnlyList<Fault> faults = FaultCatalog.Mix(mix);
        var trial = new FaultTrial(cluster);
        await ChaosCluster.UntilAsync("all silos are active", TimeSpan.FromMinutes(2), () => cluster.IsWholeAsync(cancellation), cancellation);
        await FaultTrial.SubmitAsync(cluster, spec, cancellation);
        RunStatus last = await SeeAsync(spec.Name, s => s.Models.All(m => m.Phase == ModelPhase.Training && m.Checkpoints.Length > 0), cancellation);

        var clock = Stopwatch.StartNew();
        long begun = Steps(last);
        await Task.Delay(WarmUp, cancellation);
        last = await SeeAsync(spec.Name, _ => true, cancellation);
        double calm = (Steps(last) - begun) / clock.Elapsed.TotalSeconds;
        say(FormattableString.Invariant($"without faults: {calm:0.0} steps/s"));

        var outcomes = new List<TrialOutcome>();
        clock.Restart();
        begun = Steps(last);
        TimeSpan next = Gap(random);
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(cluster.ConnectionString, cancellation);
        using CpuLoad? load = mix == ChaosMix.Load ? new CpuLoad() : null;
        while (clock.Elapsed < TimeSpan.FromMinutes(minutes))
        {
            if (mix == ChaosMix.Load || clock.Elapsed < next)
            {
                await Task.Delay(Look, cancellation);
                continue;
            }

            Fault fault = faults[random.Next(faults.Count)];
            last = await SeeAsync(spec.Name, _ => true, cancellation);
            TrialOutcome outcome = await TrialGuard.RunAsync(
                fault,
                async () =>
                {
                    (TrialOutcome struck, last) = await trial.StrikeAsync(fault, last, random, cancellation);
                    return struck;
                },
                () => [],
                cluster.Recover,
                cancellation);
            outcomes.Add(outcome);
            say(FormattableString.Invariant($"{clock.Elapsed.TotalSeconds:0} s  {fault.Name}: noticed {outcome.Noticed:0.0} s, back {outcome.Back:0.0} s, {outcome.LostSteps} steps again  {outcome.Complaint}"));
            next = clock.Elapsed > next + LeastGap ? clock.Elapsed + Gap(random) : next + Gap(random);
        }

        last = await SeeAsync(spec.Name, _ => true, cancellation);
        string[] evicted = mix != ChaosMix.Load ? [] : await FaultTrial.EvictedAsync(cluster, members, cancellation);
        double stormy = (Steps(last) - begun) / clock.Elapsed.TotalSeconds;

        // The rest is for the bits only.
        cluster.FaultAll(f => f with { StepMilliseconds = 0 });
        RunStatus end = await FaultTrial.UntilReadyAsync(cluster, spec.Name, cancellation);
        string[] changed = [.. WeightHash.Of(end, cluster.Folder).Where(w => expected[w.Key] != w.Value).Select(w => w.Key)];
        return new SoakOutcome(
            SoakOutcome.NameOf(mix),
            Math.Round(clock.Elapsed.TotalMinutes, 1),
            outcomes,
            Math.Round(calm, 1),
            Math.Round(stormy, 1),
            Math.Round(stormy / calm, 4),
            changed.Length == 0,
            [.. outcomes.Select(o => o.Complaint).OfType<string>(), .. mix != ChaosMix.Load && outcomes.Count == 0 ? ["no fault was injected"] : Array.Empty<string>(), .. evicted, .. changed.Select(c => c + " has other bits"), .. logs.Unhandled(), .. cluster.TakeComplaints()]);
    }

    private static TimeSpan Gap(Random random) => LeastGap + ((MostGap - LeastGap) * random.NextDouble());

    private static long Steps(RunStatus run) => run.Models.Sum(m => (long)m.Step);

    private async Task<RunStatus> SeeAsync(string run, Func<RunStatus, bool> holds, CancellationToken cancellation)
    {
        RunStatus? status = null;
        await ChaosCluster.UntilAsync(
            $"run '{run}' is at work",
            TimeSpan.FromMinutes(2),
            async () => (status = await cluster.StatusAsync(run, cancellation)) is { Phase: RunPhase.Training } now && holds(now),
            cancellation);
        return status!;
    }
}
