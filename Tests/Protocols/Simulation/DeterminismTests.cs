using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Simulation;

public sealed class DeterminismTests
{
    public static TheoryData<string> Names => [.. ProtocolCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Same_seed_gives_the_same_hash_and_another_seed_another(string protocol)
    {
        SimulationResult first = new Simulator(Plans.Stormy(protocol, 5)).Run();
        SimulationResult second = new Simulator(Plans.Stormy(protocol, 5)).Run();
        SimulationResult third = new Simulator(Plans.Stormy(protocol, 6)).Run();

        Assert.Equal(first.Hash, second.Hash);
        Assert.Equal(first.Events, second.Events);
        Assert.NotEqual(first.Hash, third.Hash);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Plan_replays_from_its_json(string protocol)
    {
        SimulationPlan plan = Plans.Stormy(protocol, 11);
        SimulationPlan read = SimulationPlan.Read(plan.Write());

        Assert.Equal(new Simulator(plan).Run().Hash, new Simulator(read).Run().Hash);
        Assert.Equal(plan.Write(), read.Write());
    }

    [Fact]
    public void Running_in_pieces_changes_nothing()
    {
        SimulationPlan plan = Plans.Stormy("gossip", 3);
        Simulator pieces = new(plan);
        for (double t = 0.37; t < plan.Seconds; t += 0.37)
        {
            pieces.RunUntil(t);
        }

        Assert.Equal(new Simulator(plan).Run().Hash, pieces.Run().Hash);
    }
}
