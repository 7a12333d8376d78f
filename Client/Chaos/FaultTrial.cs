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
internal sealed class FaultTrial(ChaosCluster cluster)
{
    /// <summary>The largest share of its steps that a model may have done when the fault comes, but for those that are ahead of the others.</summary>
    public const double LatestShare = 0.3;

    private const double EarliestShare = 0.15;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan UndisturbedLimit = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    /// <summary>How long a run is watched when what failed works again: what comes back has its say then.</summary>
    public static TimeSpan Aftermath { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Trains a run to its end, with no fault, and returns the hashes of its weights.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> UndisturbedAsync(ChaosCluster cluster, RunSpec spec, CancellationToken cancellation)
    {
        await SubmitAsync(cluster, spec, cancellation);
        return WeightHash.Of(await UntilReadyAsync(cluster, spec.Name, cancellation, UndisturbedLimit), cluster.Folder);
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
    public static async Task<RunStatus> UntilReadyAsync(ChaosCluster cluster, string run, CancellationToken cancellation, TimeSpan? limit = null)
    {
        RunStatus? status = null;
        await ChaosCluster.UntilAsync(
            $"run '{run}' is ready",
            limit ?? Limit,
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
    /// <param name="fault">The fault.</param>
    /// <param name="spec">The run.</param>
    /// <param name="expected">The weights of an undisturbed run of the same seed and steps.</param>
    /// <param name="random">What the fault chooses by.</param>
    /// <param name="cancellation">Ends the trial.</param>
    public async Task<TrialOutcome> RunAsync(Fault fault, RunSpec spec, IReadOnlyDictionary<string, string> expected, Random random, CancellationToken cancellation)
    {
        await ChaosCluster.UntilAsync("all silos are active", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
        await SubmitAsync(cluster, spec, cancellation);
        RunStatus before = await UnderWayAsync(spec, random, cancellation);
        (TrialOutcome outcome, _) = await StrikeAsync(fault, before, random, cancellation);
        var complaints = new List<string>();
        try
        {
            await UntilReadyAsync(cluster, spec.Name, cancellation);

            // The phase is told before it is stored.
            await Task.Delay(Settling, cancellation);
            RunStatus end = await UntilReadyAsync(cluster, spec.Name, cancellation);
            complaints.AddRange(OtherBits(end, string.Empty));

            // Whoever was taken for dead has ended by then, and with it all that it could still write.
            await ChaosCluster.UntilAsync("all silos are active again", Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
            RunStatus late = await UntilReadyAsync(cluster, spec.Name, cancellation);
            complaints.AddRange(LateChanges(end, late));
            complaints.AddRange(OtherBits(late, " once all silos are back").Except(complaints));
        }
        catch (Exception e) when (e is TimeoutException or CliException)
        {
            complaints.Add(e.Message);
        }

        return outcome with { Complaint = TrialGuard.Join([outcome.Complaint, .. complaints]) };

        IEnumerable<string> OtherBits(RunStatus run, string when) =>
            WeightHash.Of(run, cluster.Folder).Where(w => expected[w.Key] != w.Value).Select(w => $"{w.Key} has other bits{when}");
    }

    /// <summary>What has changed in a run that was ready: nothing may, and what a silo that was taken for dead writes late would show here.</summary>
    internal static IEnumerable<string> LateChanges(RunStatus end, RunStatus late)
    {
        if (late.LastEvent != end.LastEvent)
        {
            yield return $"the run was ready with event {end.LastEvent}, and is at {late.LastEvent} now";
        }

        foreach ((ModelStatus was, ModelStatus now) in end.Models.Zip(late.Models))
        {
            if ((was.Role, was.Phase, was.Term, was.Step, was.Weights, was.Best) != (now.Role, now.Phase, now.Term, now.Step, now.Weights, now.Best)
                || !was.Checkpoints.SequenceEqual(now.Checkpoints))
            {
                yield return $"{was.Role} was written after its end: term {was.Term} to {now.Term}, step {was.Step} to {now.Step}, {was.Phase} to {now.Phase}";
            }
        }
    }

    /// <summary>Injects a fault into a run that is under way and waits until all of it is at work again.</summary>
    /// <returns>What happened, and the run as it was last seen.</returns>
    public async Task<(TrialOutcome Outcome, RunStatus Last)> StrikeAsync(Fault fault, RunStatus before, Random random, CancellationToken cancellation)
    {
        IReadOnlyList<SiloRecord> members = fault.Spares ? await ClusterMembers.ReadAsync(cluster.ConnectionString, cancellation) : [];
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
        TimeSpan? healed = null;
        bool early = false;

        // What fails for a while is watched to its end and a little beyond: who comes back may do harm then.
        while (clock.Elapsed < Limit && (back is null || healed is null || (fault.Lasts > TimeSpan.Zero && clock.Elapsed < healed + Aftermath)))
        {
            bool over = harm.Healed.IsCompleted;
            RunStatus? now = await cluster.StatusAsync(before.Name, cancellation);
            early |= !over && now?.Phase == RunPhase.Ready;
            if (over && healed is null && now is not null)
            {
                healed = clock.Elapsed;
                Array.ForEach(watches, w => w.Heal(now));
            }

            last = now ?? last;
            foreach (ModelWatch watch in now is null ? [] : watches)
            {
                watch.See(now!.Models.Single(m => m.Role == watch.Role));
            }

            back ??= now is not null && watches.All(w => w.IsBack) ? clock.Elapsed.TotalSeconds : null;
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
        int again = watches.Sum(w => w.Lost);
        string? complaint = TrialGuard.Join(
        [
            back is null ? $"not all models train again: {string.Join(", ", watches.Where(w => !w.IsBack).Select(w => w.Role))}" : null,
            fault.NoticedWithin is { } soon && !(noticed <= soon) ? FormattableString.Invariant($"noticed after {noticed:0.0} s") : null,
            fault.BackWithin is { } within && !(back <= within) ? FormattableString.Invariant($"back after {back:0.0} s") : null,
            early ? "the run was ready before the fault was over: too few steps" : null,
            fault.LosesNothing && again > 0 ? $"{again} steps were done again" : null,
            .. fault.Spares ? await EvictedAsync(cluster, members, cancellation) : [],
            .. watches.Where(w => w.From < w.Promised(fault.Spoils)).Select(w => $"{w.Role} went on from step {w.From}, its checkpoint was of {w.Promised(fault.Spoils)}"),
        ]);
        return (new TrialOutcome(fault.Name, noticed, back, again, complaint), last);
    }

    /// <summary>Which of the silos of an earlier look at the table are not in it any more as they were; one that was started again is another one.</summary>
    internal static async Task<string[]> EvictedAsync(ChaosCluster cluster, IReadOnlyList<SiloRecord> members, CancellationToken cancellation)
    {
        IReadOnlyList<SiloRecord> now = await ClusterMembers.ReadAsync(cluster.ConnectionString, cancellation);
        return [.. members.Where(m => m.Status == "Active").Select(Identity).Except(now.Select(Identity)).Select(s => $"{s.Name} was taken for dead")];

        static (string Name, string Status, DateTimeOffset Started) Identity(SiloRecord silo) => (silo.Name, silo.Status, silo.Started);
    }

    /// <summary>Waits until all models train, have written checkpoints, and a seeded moment has come.</summary>
    private async Task<RunStatus> UnderWayAsync(RunSpec spec, Random random, CancellationToken cancellation)
    {
        double share = EarliestShare + ((LatestShare - EarliestShare) * random.NextDouble());
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
