using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>
/// Hundreds of runs with random faults. The simulator itself throws when a round is completed twice, a model is used that is not local, or
/// an invariant of the protocol breaks; a failure prints the plan that replays it.
/// </summary>
public sealed class StormTests
{
    public static TheoryData<string> Names => [.. ProtocolCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_storm_passes_and_rounds_go_on(string protocol)
    {
        long refused = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            SimulationPlan plan = Plans.Stormy(protocol, seed);
            Simulator simulator = new(plan);
            SimulationResult result = simulator.Run();

            // Not the highest round: who held that may have come back with nothing.
            double silence = protocol switch
            {
                "fedavg" => result.LongestSilence(22, 40, p => p == 0),
                "modest" => result.LongestSilence(22, 40),
                _ => Enumerable.Range(0, plan.Peers).Max(p => result.LongestSilence(22, 40, q => q == p)),
            };
            Check(plan, silence < 10, $"a silence of {silence} s");
            Check(plan, !result.Refused.ContainsKey(FrameFault.Malformed) && !result.Refused.ContainsKey(FrameFault.UnknownKind), "a damaged frame was taken for another");
            refused += result.Refused.Values.Sum();
            QuadraticTask task = (QuadraticTask)simulator.Task;
            for (int peer = 0; peer < plan.Peers; peer++)
            {
                PeerState? state = simulator.StateOf(peer);
                Check(plan, state is not null, $"peer {peer} is not back");
                foreach (ModelHandle model in state!.DurablePart.Models)
                {
                    // Every model is a convex combination of θ0 = 0 and the centres.
                    Check(plan, task.Get(model).All(x => double.IsFinite(x) && Math.Abs(x) < 6), $"model of peer {peer} ran away");
                }
            }
        }

        Assert.True(refused > 0, "no frame was damaged: the storm is too weak");
    }

    [Fact]
    public void Views_are_equal_after_every_storm()
    {
        for (ulong seed = 101; seed <= 140; seed++)
        {
            SimulationPlan plan = Plans.Stormy("modest", seed);
            Simulator simulator = new(plan);
            simulator.Run();

            Check(plan, Enumerable.Range(0, plan.Peers).Select(p => View(simulator, p).Digest).Distinct().Count() == 1, "views differ");
            Check(plan, View(simulator, 0).Members.All(m => !m.Value.Left) && View(simulator, 0).Ids.Length == plan.Peers, "someone is missing");
        }
    }

    private static OrleansDDM.Protocols.Membership.MembershipView View(Simulator simulator, int peer) =>
        ((Modest.Saved)simulator.StateOf(peer)!.DurablePart).View;

    private static void Check(SimulationPlan plan, bool holds, string what)
    {
        if (!holds)
        {
            throw new SimulationException(what, plan);
        }
    }
}
