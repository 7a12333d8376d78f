using System.Globalization;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;

namespace OrleansDDM.Protocols.Simulation.Surveys;

/// <summary>
/// What must hold when a run is over. What must hold at every step the simulator checks itself: no round completed twice by a peer, no
/// model used that is not local, and the protocol's own invariant.
/// </summary>
public static class RunCheck
{
    /// <summary>The first thing that does not hold, or null.</summary>
    public static string? Failure(Simulator simulator, SimulationResult result)
    {
        SimulationPlan plan = simulator.Plan;
        PeerState[] living = [.. Enumerable.Range(0, plan.Peers).Select(simulator.StateOf).OfType<PeerState>()];
        return Silence(simulator, result)
            ?? (result.Refused.Keys.Any(f => f is FrameFault.Malformed or FrameFault.UnknownKind) ? "a damaged frame was taken for another" : null)
            ?? (plan.Progress is null ? null : simulator.Protocol.Disagreement(living))
            ?? Imbalance(simulator, living)
            ?? living.Select(state => BadModel(simulator.Task, state)).FirstOrDefault(f => f is not null);
    }

    private static string? Silence(Simulator simulator, SimulationResult result)
    {
        if (simulator.Plan.Progress is not { } rule)
        {
            return null;
        }

        IEnumerable<(string Name, Func<int, bool> Peers)> owners = simulator.Protocol.Owner switch
        {
            RoundOwner.AnyPeer => [("the peers", _ => true)],
            RoundOwner.FirstPeer => [("the server", p => p == 0)],
            _ => Enumerable.Range(0, simulator.Plan.Peers).Where(p => simulator.StateOf(p) is not null)
                .Select(p => ($"peer {p}", (Func<int, bool>)(q => q == p))),
        };
        (string name, double silence) = owners.Select(o => (o.Name, result.LongestSilence(rule.From, result.Seconds, o.Peers)))
            .MaxBy(s => s.Item2);
        return silence > rule.Seconds
            ? string.Create(CultureInfo.InvariantCulture, $"{name} completed no round for {silence:0.00} s")
            : null;
    }

    // A peer without its memory has undone one end of all its exchanges.
    private static string? Imbalance(Simulator simulator, PeerState[] living)
    {
        if (simulator is not { Protocol: DadaoRounds dadao, Task: ArrayTask task, Forgotten: 0 } || living.Length < simulator.Plan.Peers)
        {
            return null;
        }

        double[] rest = DadaoBalance.Of(
            living.ToDictionary(state => state.Setup.Self, state => (DadaoRounds.Saved)state.DurablePart),
            dadao.ParametersOf(living[0].Setup),
            task.Get(task.InitialModel).Length,
            task.Get);
        double norm = Math.Sqrt(rest.Sum(r => r * r));
        return norm < 1e-6 ? null : string.Create(CultureInfo.InvariantCulture, $"an exchange happened at one end only: {norm:0.0e+0} is left of what should be 0");
    }

    private static string? BadModel(ILearningTask task, PeerState state)
    {
        ModelHandle[] models = [.. state.DurablePart.Models.Where(m => !m.IsNone)];
        if (!models.All(task.Accepts))
        {
            return $"{state.Setup.Self} holds a model that is not finite or of another shape";
        }

        // Quadratic: the common optimum attracts; a model far beyond all centres has run away. The first is the model, others are momenta.
        return models.Length > 0 && task is QuadraticTask quadratic && quadratic.Error(models[0]) > 10 * (1 + quadratic.Radius)
            ? $"{state.Setup.Self} holds a model that ran away"
            : null;
    }
}
