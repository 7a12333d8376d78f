namespace OrleansDDM.Protocols.Simulation;

/// <summary>An invariant broke in a simulated run. <see cref="Replay"/> brings it about again.</summary>
/// <param name="message">What broke, where and when.</param>
/// <param name="plan">The plan of the run.</param>
/// <param name="inner">What failed, if something did.</param>
public sealed class SimulationException(string message, SimulationPlan plan, Exception? inner = null)
    : Exception($"{message}\nReplay with this plan:\n{plan.Write()}", inner)
{
    /// <summary>What broke, where and when, without the plan.</summary>
    public string What { get; } = message;

    /// <summary>The plan as JSON.</summary>
    public string Replay { get; } = plan.Write();
}
