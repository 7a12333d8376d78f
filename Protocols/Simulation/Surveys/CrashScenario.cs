using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;

namespace OrleansDDM.Protocols.Simulation.Surveys;

/// <summary>
/// "storm": 80 of 100 MoDeST peers die at once without a word, the others go on alone for 140 s, and then the dead come back.
/// </summary>
public static class CrashScenario
{
    /// <summary>Virtual time of the crash, in seconds.</summary>
    public const double CrashAt = 20;

    /// <summary>Virtual time of the return, in seconds.</summary>
    public const double ReturnAt = 160;

    private const double End = 200;

    /// <summary>The timeouts of the scenario.</summary>
    public static ModestOptions Options { get; } = new()
    {
        PingSeconds = 0.5,
        HeartbeatSeconds = 0.5,
        AggregationSeconds = 1.5,
        StallSeconds = 2,
        SuccessFraction = 0.8,
    };

    /// <summary>The plan of a seed.</summary>
    /// <param name="seed">Seed; also draws who dies.</param>
    /// <param name="peers">Number of peers, at least 5.</param>
    public static SimulationPlan Plan(ulong seed, int peers = 100)
    {
        ImmutableArray<int> victims = Victims(seed, peers);
        return new SimulationPlan
        {
            Seed = seed,
            Peers = peers,
            Protocol = "modest",
            Options = SimulationPlan.OptionsOf(Options),
            Seconds = End,
            Faults =
            [
                new Fault { At = CrashAt, Kind = FaultKind.Crash, Peers = victims },
                new Fault { At = ReturnAt, Kind = FaultKind.Restart, Peers = victims },
            ],
        };
    }

    /// <summary>Runs the scenario.</summary>
    /// <exception cref="SimulationException">An invariant broke.</exception>
    public static CrashOutcome Run(ulong seed, int peers = 100)
    {
        Modest protocol = new(Options);
        long highest = 0;
        Simulator simulator = new(Plan(seed, peers))
        {
            Observer = o => highest = o.Effects.OfType<Effect.Report>().Where(r => r.Kind == ReportKind.RoundCompleted)
                .Aggregate(highest, (h, r) => Math.Max(h, r.Round)),
        };
        PeerId[] survivors = [.. Enumerable.Range(0, peers).Except(Victims(seed, peers)).Select(p => new PeerId((ulong)p))];

        simulator.RunUntil(ReturnAt - 0.1);
        SimulationResult alone = simulator.Result();
        long returned = highest;
        bool right = survivors.All(s => protocol.Candidates(simulator.StateOf((int)s.Value)!, highest).SequenceEqual(survivors));

        double time = ReturnAt;
        simulator.RunUntil(time);
        while (time < End && !Enumerable.Range(0, peers).All(p => Knows(protocol, simulator.StateOf(p), highest, peers)))
        {
            simulator.RunUntil(time += 0.05);
        }

        long known = time < End ? highest - returned : long.MaxValue;
        SimulationResult whole = simulator.Run();
        return new CrashOutcome(
            seed,
            alone.RoundAt(CrashAt),
            alone.RoundAt(ReturnAt) - alone.RoundAt(CrashAt),
            Math.Max(alone.LongestStall(5, ReturnAt - 0.1), whole.LongestStall(ReturnAt - 0.1, End)),
            right,
            known,
            whole);
    }

    private static bool Knows(Modest protocol, PeerState? state, long round, int peers) =>
        state is not null && protocol.Candidates(state, round).Count() == peers;

    private static ImmutableArray<int> Victims(ulong seed, int peers)
    {
        int[] all = [.. Enumerable.Range(0, peers)];
        new CounterStream(seed, "victims").Shuffle(all.AsSpan());
        return [.. all.Take(peers * 4 / 5)];
    }
}

/// <summary>What came of the scenario.</summary>
/// <param name="Seed">Seed.</param>
/// <param name="RoundsBefore">Rounds before the crash.</param>
/// <param name="RoundsAlone">Rounds of the survivors by themselves.</param>
/// <param name="WorstStall">Longest virtual time without a new round, in seconds, from 5 s on.</param>
/// <param name="ViewsRight">Whether every survivor's candidates were the survivors before the others came back.</param>
/// <param name="RoundsToKnowAll">Rounds from the return on until everyone's candidates were everyone; <see cref="long.MaxValue"/> = never.</param>
/// <param name="Result">Counts of the whole run.</param>
public sealed record CrashOutcome(
    ulong Seed, long RoundsBefore, long RoundsAlone, double WorstStall, bool ViewsRight, long RoundsToKnowAll, SimulationResult Result)
{
    /// <summary>Whether the promise holds: no stall of 5 s, right views, everyone known within ten rounds.</summary>
    public bool Holds => WorstStall < 5 && ViewsRight && RoundsToKnowAll <= 10;
}
