using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class FedAvgTests
{
    [Fact]
    public void Everyone_sampled_finds_the_optimum_and_bytes_follow_the_formula()
    {
        SimulationPlan plan = Plans.Of("fedavg", 1, 8, 1000) with { Options = SimulationPlan.OptionsOf(new FedAvgOptions { SampleSize = 8 }), Rounds = 80 };
        Simulator simulator = new(plan);

        SimulationResult result = simulator.Run();

        Assert.InRange(((QuadraticTask)simulator.Task).Error(simulator.StateOf(0)!.DurablePart.Models.First()), 0, 1e-6);

        // 2 (s − 1) models a round: the server, a client too, sends itself nothing, and θ0 is everywhere; the orders of the round after
        // the last one are out already. Frames are 8 + 48 and 8 + 56 bytes.
        Assert.Equal(80 * 7 * 2, result.ModelTransfers);
        Assert.Equal((80 * 7 * (56 + 64)) + (7 * 56), result.FrameBytes);
    }

    [Fact]
    public void Deadline_closes_a_round_with_the_models_that_came()
    {
        SimulationPlan plan = Plans.Of("fedavg", 1, 10, 60) with
        {
            Options = SimulationPlan.OptionsOf(new FedAvgOptions { SampleSize = 10, DeadlineSeconds = 3 }),
            Faults = [new Fault { At = 10, Kind = FaultKind.Crash, Peers = Plans.Range(7, 3) }],
        };

        SimulationResult result = new Simulator(plan).Run();

        Assert.InRange(result.LongestStall(9, 60), 2.9, 4.5);
    }

    [Fact]
    public void Without_its_server_nothing_goes_on_and_with_it_the_run_resumes()
    {
        SimulationPlan plan = Plans.Of("fedavg", 1, 10, 60) with
        {
            Faults = [new Fault { At = 20, Kind = FaultKind.Crash, Peers = [0] }, new Fault { At = 40, Kind = FaultKind.Restart, Peers = [0] }],
        };

        SimulationResult result = new Simulator(plan).Run();

        Assert.Equal(result.RoundAt(20), result.RoundAt(40));
        Assert.True(result.RoundAt(60) > result.RoundAt(40) + 5);
    }

    [Fact]
    public void Models_weigh_by_samples()
    {
        FedAvg protocol = new(new FedAvgOptions { SampleSize = 2 });
        ModelHandle model = ModelHandle.OfContent([1]);
        PeerSetup setup = new() { Self = new(0), Seed = 1, Roster = [new(0), new(1)], InitialModel = model };
        Step step = protocol.Handle(protocol.Create(setup), new Input.Start(), default);
        step = protocol.Handle(step.State, new Input.Message(new(0), new FedAvg.Update(0, 1, 30, model)), default);
        step = protocol.Handle(step.State, new Input.Message(new(0), new FedAvg.Update(0, 1, 99, model)), default);
        step = protocol.Handle(step.State, new Input.Message(new(1), new FedAvg.Update(0, 2, 99, model)), default);
        step = protocol.Handle(step.State, new Input.Message(new(7), new FedAvg.Update(0, 1, 99, model)), default);
        step = protocol.Handle(step.State, new Input.Message(new(1), new FedAvg.Update(0, 1, 70, model)), default);

        Assert.Equal([30, 70], step.Effects.OfType<Effect.Aggregate>().Single().Models.Select(m => m.Weight));
        Assert.Equal(3, step.State.Ignored);
    }

    [Fact]
    public void Retry_of_a_hash_sample_asks_the_next_in_order()
    {
        FedAvg protocol = new(new FedAvgOptions { SampleSize = 4, HashSampling = true });
        PeerSetup setup = new()
        {
            Self = new(0),
            Seed = 1,
            Roster = [.. Enumerable.Range(0, 12).Select(i => new PeerId((ulong)i))],
            InitialModel = ModelHandle.OfContent([1]),
        };
        Step step = protocol.Handle(protocol.Create(setup), new Input.Start(), default);
        List<PeerId> asked = [.. step.Effects.OfType<Effect.Send>().Select(s => s.To)];
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            step = protocol.Handle(step.State, new Input.Timer(new TimerId("deadline", attempt)), TimeSpan.FromSeconds(100 * attempt));
            asked.AddRange(step.Effects.OfType<Effect.Send>().Select(s => s.To));
        }

        Assert.Equal(OrleansDDM.Protocols.Membership.HashOrder.Sort(setup.Roster, 1), asked);
    }

    [Theory]
    [InlineData("fedavg", "{\"sampleSize\": 0}", "protocol.sampleSize")]
    [InlineData("fedavg", "{\"deadlineSeconds\": 0}", "protocol.deadlineSeconds")]
    [InlineData("gossip", "{\"periodSeconds\": 0}", "protocol.periodSeconds")]
    [InlineData("epidemic", "{\"roundSeconds\": -1}", "protocol.roundSeconds")]
    [InlineData("dpsgd", "{\"steps\": 0}", "protocol.steps")]
    [InlineData("modest", "{\"pingSeconds\": 0}", "protocol.pingSeconds")]
    [InlineData("modest", "{\"heartbeatSeconds\": 1e-9}", "protocol.heartbeatSeconds")]
    [InlineData("modest", "{\"successFraction\": 1.5}", "protocol.successFraction")]
    public void Option_out_of_range_is_an_error_that_names_it(string protocol, string options, string key) =>
        Assert.Equal(key, Assert.Throws<SpecException>(() =>
            ProtocolCatalog.Create(protocol, System.Text.Json.JsonDocument.Parse(options).RootElement)).Key);

    [Fact]
    public void Unknown_protocol_or_option_is_an_error_that_names_it()
    {
        Assert.Contains("modest", Assert.Throws<SpecException>(() => ProtocolCatalog.Create("modist")).Message);
        Assert.Contains("sampleSiez", Assert.Throws<SpecException>(() =>
            ProtocolCatalog.Create("fedavg", System.Text.Json.JsonDocument.Parse("{\"sampleSiez\": 3}").RootElement)).Message);
    }
}
