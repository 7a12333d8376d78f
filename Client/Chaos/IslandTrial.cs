using System.Diagnostics;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Chaos;

/// <summary>
/// An island with one peer on each silo, most of which are killed at once and started again later: how long the survivors stand still, and how many
/// rounds it takes until everyone knows everyone. The silos that record the run and the island are among the survivors, as nobody else could tell; peers
/// do not need them.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="say">Told what is going on.</param>
internal sealed class IslandTrial(ChaosCluster cluster, Action<string> say)
{
    /// <summary>Longest time in seconds that the survivors' rounds may stand still.</summary>
    public const double LongestStall = 5;

    private const double KilledShare = 0.8;
    private const int MostRounds = 10;
    private const int CalmRounds = 12;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(25);

    /// <summary>What is promised.</summary>
    public static string Promise { get; } =
        FormattableString.Invariant($"no stall of {LongestStall} s; survivors come to know who is left; everyone knows everyone {MostRounds} rounds after the last return");

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private IslandStatus _last = new();
    private double _rose;
    private double _worst;

    /// <summary>Runs the trial.</summary>
    public async Task<TrialOutcome> RunAsync(Fault fault, RunSpec spec, Random random, CancellationToken cancellation)
    {
        string phase = "all silos are active";
        try
        {
            await ChaosCluster.UntilAsync(phase, Limit, () => cluster.IsWholeAsync(cancellation), cancellation);
            await FaultTrial.SubmitAsync(cluster, spec, cancellation);
            int peers = cluster.Silos.Count;
            phase = "all peers know each other";
            RunStatus before = await UntilAsync(spec.Name, phase, i => i.Round >= 1 && i.Unreachable == 0 && i.LeastKnown == peers, cancellation);
            string[] survivors = Survivors(before, random);
            cluster.AskThrough(survivors);
            long round = _last.Round;
            await UntilAsync(spec.Name, phase, i => i.Round > round, cancellation);
            _worst = 0;
            round = _last.Round;
            await UntilAsync(spec.Name, phase, i => i.Round >= round + CalmRounds, cancellation);
            double calm = _worst;

            string[] victims = [.. cluster.Silos.Except(survivors)];
            say(FormattableString.Invariant($"{spec.Name}: round {_last.Round}, the slowest took {calm:0.0} s; kill -9 of {victims.Length} of {peers} silos"));
            _worst = 0;
            round = _last.Round;
            cluster.Kill(victims);
            phase = "the survivors go on and know who is left";
            await UntilAsync(spec.Name, phase, i => i.Round >= round + CalmRounds && i.Unreachable == victims.Length && i.LeastKnown == survivors.Length, cancellation);

            // A look is late where what it looks at is busy; the island's own clock knows no more than when it heard of rounds.
            (double stall, long forgotten) = (Math.Min(_worst, _last.LongestWait), _last.Round - round);

            say(FormattableString.Invariant($"{spec.Name}: longest stall {stall:0.0} s, the dead forgotten after {forgotten} rounds; the silos are started again"));
            cluster.Release();
            phase = "all peers are back";
            await UntilAsync(spec.Name, phase, i => i.Unreachable == 0, cancellation);
            round = _last.Round;
            phase = "everyone knows everyone";
            await UntilAsync(spec.Name, phase, i => i.LeastKnown == peers, cancellation);
            long known = _last.Round - round;
            string? complaint = TrialGuard.Join(
            [
                stall < fault.BackWithin ? null : FormattableString.Invariant($"a stall of {stall:0.0} s"),
                known <= MostRounds ? null : $"everyone knew everyone after {known} rounds",
            ]);
            return new TrialOutcome(fault.Name, null, stall, 0, complaint, FormattableString.Invariant(
                $"{spec.Name}: {victims.Length} of {peers} peers killed; longest round {calm:0.00} s before, longest stall {stall:0.00} s after; dead forgotten in {forgotten} rounds; everyone known {known} rounds after the last return"));
        }
        catch (TimeoutException e)
        {
            return new TrialOutcome(fault.Name, null, null, 0, $"{e.Message} Last seen: round {_last.Round}, {_last.Unreachable} unreachable, least known {_last.LeastKnown}.");
        }
        finally
        {
            cluster.Release();
            cluster.AskThrough(null);
            await StopAsync(spec.Name, cancellation);
        }
    }

    private string[] Survivors(RunStatus run, Random random)
    {
        int count = Math.Max(2, cluster.Silos.Count - (int)Math.Round(KilledShare * cluster.Silos.Count));
        string[] needed = [.. ((string?[])[run.Silo, run.Models[0].Silo]).OfType<string>().Distinct()];
        string[] others = [.. cluster.Silos.Except(needed)];
        random.Shuffle(others);
        return [.. needed.Concat(others).Take(Math.Max(count, needed.Length))];
    }

    // Every look notes how long the round has stood still.
    private async Task<RunStatus> UntilAsync(string run, string what, Func<IslandStatus, bool> holds, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Limit)
        {
            RunStatus? status = await cluster.StatusAsync(run, cancellation);
            if (status is { Phase: RunPhase.Faulted or RunPhase.Stopped })
            {
                throw new TimeoutException($"The run is {status.Phase}: {status.Message}");
            }

            double now = _clock.Elapsed.TotalSeconds;
            if (status?.Models is [{ Island: { } island }])
            {
                _worst = Math.Max(_worst, now - _rose);
                if (island.Round > _last.Round)
                {
                    _rose = now;
                }

                _last = island;
                if (holds(island))
                {
                    return status;
                }
            }

            await Task.Delay(Look, cancellation);
        }

        throw new TimeoutException($"{what}: not within {Limit.TotalSeconds:0} s.");
    }

    private async Task StopAsync(string run, CancellationToken cancellation)
    {
        try
        {
            await (await cluster.GrainsAsync(cancellation)).GetGrain<IRunGrain>(GrainKeys.Run(run)).StopAsync(cancellation);
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException)
        {
            say($"{run} could not be stopped: {e.Message}");
        }
    }
}
