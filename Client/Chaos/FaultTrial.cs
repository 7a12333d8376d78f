using System.Diagnostics;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Chaos;

/// <summary>One run, one fault in its midst, and whether the promises hold.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="expected">The weights of an undisturbed run of the same seed.</param>
internal sealed class FaultTrial(ChaosCluster cluster, IReadOnlyDictionary<string, string> expected)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Trains a run to its end, with no fault, and returns the hashes of its weights.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> UndisturbedAsync(ChaosCluster cluster, RunSpec spec, CancellationToken cancellation)
    {
        await SubmitAsync(cluster, spec, cancellation);
        return WeightHash.Of(await UntilReadyAsync(cluster, spec.Name, cancellation), cluster.Folder);
    }

    /// <summary>Submits a run, again if the answer is lost.</summary>
    public static Task SubmitAsync(ChaosCluster cluster, RunSpec spec, CancellationToken cancellation) => ChaosCluster.UntilAsync(
        $"run '{spec.Name}' is submitted",
        Limit,
        async () =>
        {
            try
            {
                await (await cluster.GrainsAsync(cancellation)).GetGrain<IRunGrain>(GrainKeys.Run(spec.Name))
                    .SubmitAsync(SpecJson.Canonical(spec), force: false, cancellation);
                return true;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or ClusterUnreachableException)
            {
                cluster.AskThrough(null);
                return false;
            }
        },
        cancellation);

    /// <summary>Waits for a run's end.</summary>
    /// <exception cref="CliException">It faulted.</exception>
    public static async Task<RunStatus> UntilReadyAsync(ChaosCluster cluster, string run, CancellationToken cancellation)
    {
        RunStatus? status = null;
        await ChaosCluster.UntilAsync(
            $"run '{run}' is ready",
            Limit,
            async () =>
            {
                status = await cluster.StatusAsync(run, cancellation) ?? status;
                return status?.Phase switch
                {
                    RunPhase.Ready => true,
                    RunPhase.Faulted or RunPhase.Stopped => throw new CliException(ExitCode.Failure, $"Run '{run}' is {status.Phase}: {status.Message}"),
                    _ => false,
                };
            },
            cancellation);
        return status!;
    }

    /// <summary>Runs the trial.</summary>
    public async Task<TrialOutcome> RunAsync(Fault fault, RunSpec spec, Random random, CancellationToken cancellation)
    {
        await ChaosCluster.UntilAsync("all silos are active", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
        await SubmitAsync(cluster, spec, cancellation);
        RunStatus before = await UnderWayAsync(spec, random, cancellation);
        (TrialOutcome outcome, _) = await StrikeAsync(fault, before, random, cancellation);
        var complaints = new List<string>();
        try
        {
            RunStatus end = await UntilReadyAsync(cluster, spec.Name, cancellation);
            complaints.AddRange(WeightHash.Of(end, cluster.Folder).Where(w => expected[w.Key] != w.Value).Select(w => $"{w.Key} has other bits"));
            await ChaosCluster.UntilAsync("all silos are active again", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
        }
        catch (Exception e) when (e is TimeoutException or CliException)
        {
            complaints.Add(e.Message);
        }

        return outcome with { Complaint = TrialGuard.Join([outcome.Complaint, .. complaints]) };
    }

    /// <summary>Injects a fault into a run that is under way and waits until all of it is at work again.</summary>
    /// <returns>What happened, and the run as it was last seen.</returns>
    public async Task<(TrialOutcome Outcome, RunStatus Last)> StrikeAsync(Fault fault, RunStatus before, Random random, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        Harm harm = await fault.InjectAsync(new Scene(cluster, before, random), cancellation);
        if (fault.OthersGoOn && harm.Victims.Count > 0)
        {
            cluster.AskThrough(cluster.Silos.Except(harm.Victims));
        }
        else
        {
            cluster.AskThrough(null);
            cluster.Release();
        }

        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<double?> noticing = harm.Victims.Count == 0 ? Task.FromResult<double?>(null) : NoticedAsync(harm.Victims, clock, done.Token);
        ModelWatch[] watches = [.. before.Models.Select(m => new ModelWatch(m, fault.Stops && (harm.Victims.Count == 0 || harm.Victims.Contains(m.Silo)), fault.Kills))];
        RunStatus last = before;
        double? back = null;
        bool healed = false;
        while (clock.Elapsed < Limit && back is null)
        {
            RunStatus? now = await cluster.StatusAsync(before.Name, cancellation);
            if (harm.Healed.IsCompleted && !healed && now is not null)
            {
                healed = true;
                Array.ForEach(watches, w => w.Heal(now));
            }

            last = now ?? last;
            foreach (ModelWatch watch in now is null ? [] : watches)
            {
                watch.See(now!.Models.Single(m => m.Role == watch.Role));
            }

            back = now is not null && watches.All(w => w.IsBack) ? clock.Elapsed.TotalSeconds : null;
            await Task.Delay(Look, cancellation);
        }

        if (fault.NoticedWithin is not null)
        {
            await Task.WhenAny(noticing, Task.Delay(TimeSpan.FromSeconds(60), cancellation));
        }

        cluster.Release();
        await harm.Healed;
        await done.CancelAsync();
        cluster.AskThrough(null);
        double? noticed = noticing.IsCompletedSuccessfully ? await noticing : null;
        string? complaint = TrialGuard.Join(
        [
            back is null ? $"not all models train again: {string.Join(", ", watches.Where(w => !w.IsBack).Select(w => w.Role))}" : null,
            fault.NoticedWithin is { } soon && !(noticed <= soon) ? FormattableString.Invariant($"noticed after {noticed:0.0} s") : null,
            fault.BackWithin is { } within && !(back <= within) ? FormattableString.Invariant($"back after {back:0.0} s") : null,
            .. watches.Where(w => w.From < w.Promised(fault.Spoils)).Select(w => $"{w.Role} went on from step {w.From}, its checkpoint was of {w.Promised(fault.Spoils)}"),
        ]);
        return (new TrialOutcome(fault.Name, noticed, back, watches.Sum(w => w.Lost), complaint), last);
    }

    /// <summary>Waits until all models train, have written checkpoints, and a seeded moment has come.</summary>
    private async Task<RunStatus> UnderWayAsync(RunSpec spec, Random random, CancellationToken cancellation)
    {
        double share = 0.15 + (0.15 * random.NextDouble());
        RunStatus? status = null;
        await ChaosCluster.UntilAsync(
            $"run '{spec.Name}' is under way",
            Limit,
            async () =>
            {
                status = await cluster.StatusAsync(spec.Name, cancellation);
                return status?.Phase == RunPhase.Training && status.Models.All(m =>
                    m.Phase == ModelPhase.Training && m.Checkpoints.Length > 0 && m.Step > share * m.Steps);
            },
            cancellation);
        return status!;
    }

    private async Task<double?> NoticedAsync(IReadOnlyList<string> victims, Stopwatch clock, CancellationToken cancellation)
    {
        // By start: one that was started again is another silo of that name.
        Dictionary<string, DateTimeOffset> started = (await ClusterMembers.ReadAsync(cluster.ConnectionString, cancellation)).ToDictionary(m => m.Name, m => m.Started);
        while (true)
        {
            IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(cluster.ConnectionString, cancellation);
            if (victims.All(v => !members.Any(m => m.Name == v && m.Started <= started.GetValueOrDefault(v, DateTimeOffset.MaxValue) && m.Status is "Active" or "ShuttingDown" or "Stopping")))
            {
                return clock.Elapsed.TotalSeconds;
            }

            await Task.Delay(Look, cancellation);
        }
    }
}
