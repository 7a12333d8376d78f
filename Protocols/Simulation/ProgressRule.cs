using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>What must go on in a run: from a time on, nobody who completes rounds may be silent for longer than this.</summary>
public sealed record ProgressRule
{
    /// <summary>Virtual seconds from which the rule holds: when the faults are over and a moment more.</summary>
    public double From { get; init; }

    /// <summary>Longest silence, in virtual seconds.</summary>
    public double Seconds { get; init; } = 10;

    /// <summary>Checks ranges.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        SimulationPlan.Within(From, 0, 1e8, "progress.from");
        SimulationPlan.Within(Seconds, 0.001, 1e8, "progress.seconds");
    }
}
