using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// What a MoDeST run must show whose peers crash together and come back together: the plan's first crash and first restart are meant. See
/// <see cref="Surveys.CrashScenario"/>.
/// </summary>
public sealed record CrashRule
{
    /// <summary>Virtual time from which stalls count, in seconds: when the first rounds are over.</summary>
    public double From { get; init; } = 5;

    /// <summary>A time without a new round that is too long, in virtual seconds.</summary>
    public double StallSeconds { get; init; } = 5;

    /// <summary>Rounds from the return on within which everyone knows everyone.</summary>
    public long Rounds { get; init; } = 10;

    /// <summary>Checks ranges, and that the plan has what the rule is about.</summary>
    /// <exception cref="SpecException">A value is out of range, or the plan has another protocol or no such faults.</exception>
    public void Validate(SimulationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        SimulationPlan.Within(From, 0, 1e8, "crash.from");
        SimulationPlan.Within(StallSeconds, 0.001, 1e8, "crash.stallSeconds");
        SimulationPlan.Within(Rounds, 0, 1L << 48, "crash.rounds");
        Fault? crash = plan.Faults.FirstOrDefault(f => f?.Kind == FaultKind.Crash), back = plan.Faults.FirstOrDefault(f => f?.Kind == FaultKind.Restart);
        if (plan.Protocol != "modest" || crash is null || back is null || crash.Peers.IsDefaultOrEmpty || !(From < crash.At && crash.At < back.At && back.At < plan.Seconds))
        {
            throw new SpecException(
                "simulation.crash",
                "needs the protocol modest and, in this order, crash.from, a crash of named peers, their restart and the plan's end; leave it out, or give the faults");
        }
    }
}
