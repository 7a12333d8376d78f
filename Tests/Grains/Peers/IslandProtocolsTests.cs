using OrleansDDM.Grains.Islands;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class IslandProtocolsTests
{
    private static readonly PeerId[] Roster = [new(0), new(1), new(2), new(3)];

    public static TheoryData<string> Protocols => [.. IslandsSpec.Protocols.Where(p => p != "isolated")];

    [Fact]
    public void Islands_have_every_protocol_that_trains() =>
        Assert.Equal(ProtocolCatalog.Names.Except(["dadao"]).Append("isolated").Order(), IslandsSpec.Protocols.Order()); // DADAO solves convex problems

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Rounds_are_counted_from_the_first_one(string name)
    {
        IProtocol protocol = IslandProtocols.Of(new IslandsSpec { Protocol = name }, 4);
        CountingTask task = new();
        SimulationResult result = new Simulator(Plans.Of(name, peers: 4, seconds: 10), task).Run();
        Assert.Equal(protocol.FirstRound, task.Rounds.Min());
        if (protocol.IsShared)
        {
            Assert.Equal(protocol.FirstRound + 1, result.Completions[0].Round);
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Top_k_is_for_the_protocols_with_one_model_for_all(string name)
    {
        void Read() => SpecJson.Read(string.Empty, "islands.peers=4", "islands.protocol=" + name, "islands.compression=top-k");
        if (IslandProtocols.Of(new IslandsSpec { Protocol = name }, 4).IsShared)
        {
            Read();
        }
        else
        {
            Assert.Throws<SpecException>(Read);
        }
    }

    [Theory]
    [InlineData(0.05, "radius=0.05")]
    [InlineData(0, "radius=0", "gossipSteps=1")]
    [InlineData(0.01)]
    public void Radius_of_dfedsam_is_that_of_the_spec(double radius, params string[] options)
    {
        IProtocol protocol = IslandProtocols.Create(new IslandsSpec { Protocol = "dfedsam", Options = options }, 1, 4);
        Effect.Train train = Assert.Single(Started(protocol, Roster[0]));
        Assert.Equal(radius, train.Rule is TrainingRule.SharpnessAware sharp ? sharp.Radius : 0);
        Assert.Equal(20, train.Steps);
    }

    [Theory]
    [InlineData("dfedsam", "gossipSteps=1")]
    [InlineData("epidemic", "fanout=2")]
    [InlineData("epidemic", "oracle=true")]
    [InlineData("diloco", "outerRate=1", "outerMomentum=0")]
    [InlineData("modest", "minimumModels=2", "pingSeconds=2")]
    public void Options_have_the_names_that_simulations_give_them(string protocol, params string[] options) =>
        IslandProtocols.Check(new IslandsSpec { Peers = 4, Protocol = protocol, Options = options });

    [Theory]
    [InlineData("dfedsam", "gossipSteps=0", "1 .. 1000, not 0")]
    [InlineData("dpsgd", "fanout=2", "fanout")]
    [InlineData("epidemic", "fanout=many", "fanout")]
    [InlineData("diloco", "outerMomentum=1", "outerMomentum")]
    [InlineData("dpsgd", "Steps=3", "islands.localSteps")]
    [InlineData("dpsgd", "rounds=3", "training.steps")]
    [InlineData("modest", "sampleSize=3", "islands.sampleSize")]
    [InlineData("epidemic", "fanout=3 Fanout=2", "twice")]
    public void Other_options_are_refused_by_name_before_anybody_trains(string protocol, string options, string message)
    {
        IslandsSpec islands = new() { Peers = 4, Protocol = protocol, Options = options.Split(' ') };
        SpecException e = Assert.Throws<SpecException>(() => IslandProtocols.Check(islands));
        Assert.Equal("islands.options", e.Key);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Peer_of_gossip_that_is_alone_takes_no_options_of_gossip() =>
        Assert.Equal("dpsgd", IslandProtocols.Create(new IslandsSpec { Protocol = "gossip", Options = ["periodSeconds=2"] }, 1, 1).Name);

    private static IEnumerable<Effect.Train> Started(IProtocol protocol, PeerId self)
    {
        PeerState state = protocol.Create(new PeerSetup
        {
            Self = self,
            Seed = 1,
            Roster = [.. Roster],
            InitialModel = ModelHandle.OfContent([1]),
            Mixing = new MetropolisMixing(Graphs.Ring(Roster.Length)),
        });
        Step step = protocol.Handle(state, new Input.Start(), TimeSpan.Zero);
        return step.Effects.OfType<Effect.Train>();
    }

    /// <summary>Notes the rounds that are trained.</summary>
    private sealed class CountingTask() : ArrayTask(new double[1], 0.01, null)
    {
        public List<long> Rounds { get; } = [];

        protected override double[] Train(double[] model, TrainWork work)
        {
            Rounds.Add(work.Round);
            return model;
        }
    }
}
