using System.Collections.Immutable;
using System.Globalization;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Specs;

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

    private const double End = 200, Moment = 0.1;

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
            Crash = new CrashRule(),
            Faults =
            [
                new Fault { At = CrashAt, Kind = FaultKind.Crash, Peers = victims },
                new Fault { At = ReturnAt, Kind = FaultKind.Restart, Peers = victims },
            ],
        };
    }

    /// <summary>Runs the scenario.</summary>
    public static CrashOutcome Run(ulong seed, int peers = 100) => Run(Plan(seed, peers));

    /// <summary>Runs a plan of the scenario. What breaks in it is part of the outcome.</summary>
    /// <param name="plan">A plan with a <see cref="SimulationPlan.Crash"/>.</param>
    /// <param name="task">What is learned; null = the plan's task.</param>
    /// <exception cref="SpecException">The plan is wrong.</exception>
    public static CrashOutcome Run(SimulationPlan plan, ILearningTask? task = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        CrashRule rule = plan.Crash ?? throw new SpecException("simulation.crash", "must be given for the scenario");
        Simulator simulator = new(plan, task);
        try
        {
            return Watch(simulator, rule);
        }
        catch (SimulationException broken)
        {
            SimulationResult result = simulator.Result();
            double crash = At(plan, FaultKind.Crash).At;
            double stall = result.LongestStall(Math.Min(rule.From, result.Seconds), result.Seconds);
            return new CrashOutcome(plan, result.RoundAt(crash), 0, stall, false, long.MaxValue, result, broken.What);
        }
    }

    private static CrashOutcome Watch(Simulator simulator, CrashRule rule)
    {
        SimulationPlan plan = simulator.Plan;
        var protocol = (Modest)simulator.Protocol;
        Fault crash = At(plan, FaultKind.Crash);
        double back = At(plan, FaultKind.Restart).At, before = back - Moment;
        PeerId[] survivors = [.. Enumerable.Range(0, plan.Peers).Except(crash.Peers).Select(p => new PeerId((ulong)p))];
        long highest = 0;
        simulator.Observer = o => highest = o.Effects.OfType<Effect.Report>().Where(r => r.Kind == ReportKind.RoundCompleted)
            .Aggregate(highest, (h, r) => Math.Max(h, r.Round));

        simulator.RunUntil(before);
        SimulationResult alone = simulator.Result();
        long returned = highest;
        bool right = survivors.All(s => simulator.StateOf((int)s.Value) is { } state && protocol.Candidates(state, highest).SequenceEqual(survivors));

        double time = back;
        simulator.RunUntil(time);
        while (time < plan.Seconds && !Enumerable.Range(0, plan.Peers).All(p => Knows(protocol, simulator.StateOf(p), highest, plan.Peers)))
        {
            simulator.RunUntil(time += 0.05);
        }

        long known = time < plan.Seconds ? highest - returned : long.MaxValue;
        SimulationResult whole = simulator.Run();
        double stall = Math.Max(alone.LongestStall(rule.From, before), whole.LongestStall(before, plan.Seconds));
        string? failure =
            stall >= rule.StallSeconds ? Text($"no new round for {stall:0.00} s, where less than {rule.StallSeconds} s are asked for")
            : !right ? "before the dead came back, not every survivor's view was the survivors"
            : known == long.MaxValue ? "after the return, never did everyone know everyone"
            : known > rule.Rounds ? $"everyone knew everyone {known} rounds after the return, where {rule.Rounds} are asked for"
            : RunCheck.Failure(simulator, whole);
        return new CrashOutcome(plan, alone.RoundAt(crash.At), alone.RoundAt(back) - alone.RoundAt(crash.At), stall, right, known, whole, failure);
    }

    private static Fault At(SimulationPlan plan, FaultKind kind) => plan.Faults.First(f => f.Kind == kind);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

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
/// <param name="Plan">The plan; it replays the run.</param>
/// <param name="RoundsBefore">Rounds before the crash.</param>
/// <param name="RoundsAlone">Rounds of the survivors by themselves.</param>
/// <param name="WorstStall">Longest virtual time without a new round, in seconds, from <see cref="CrashRule.From"/> on.</param>
/// <param name="ViewsRight">Whether every survivor's candidates were the survivors before the others came back.</param>
/// <param name="RoundsToKnowAll">Rounds from the return on until everyone's candidates were everyone; <see cref="long.MaxValue"/> = never.</param>
/// <param name="Result">Counts of the whole run, or up to where it broke.</param>
/// <param name="Failure">What did not hold, of <see cref="CrashRule"/>, <see cref="RunCheck"/> or an invariant; null = all did.</param>
public sealed record CrashOutcome(
    SimulationPlan Plan, long RoundsBefore, long RoundsAlone, double WorstStall, bool ViewsRight, long RoundsToKnowAll, SimulationResult Result, string? Failure)
{
    /// <summary>Whether the promise holds: by default no stall of 5 s, right views, everyone known within ten rounds.</summary>
    public bool Holds => Failure is null;
}
