using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

public sealed class DadaoRoundsTests
{
    [Fact]
    public void Peers_find_the_common_optimum()
    {
        Simulator simulator = new(Plan(400, new NetworkPlan { Latency = "uniform", LatencySeconds = 0.01 }));
        QuadraticTask task = (QuadraticTask)simulator.Task;

        simulator.Run();

        Assert.All(Enumerable.Range(0, 8), p => Assert.InRange(task.Error(simulator.StateOf(p)!.DurablePart.Models.First()), 0, 0.02 * task.Error(task.InitialModel)));
    }

    [Fact]
    public void Exchanges_happen_at_both_ends_or_at_none_whatever_is_lost()
    {
        // Each exchange adds m at one end and −m at the other, and a peer's own flow leaves α̃z + αz̃ as it is: while none is half done, these sum to 0.
        SimulationPlan plan = Plan(500, new NetworkPlan { Loss = 0.1, Duplication = 0.1, Reordering = 0.2, DelaySeconds = 3, Corruption = 0.02, Jitter = 0.3 }) with
        {
            TrainFailure = 0.05,
            Faults =
            [
                .. Enumerable.Range(0, 30).SelectMany(i => new[]
                {
                    new Fault { At = 10 + (12.3 * i), Kind = FaultKind.Crash, Peers = [i % 8, (i * 3) % 8] },
                    new Fault { At = 10 + (12.3 * i) + 0.4 + (i % 5), Kind = FaultKind.Restart, Peers = [i % 8, (i * 3) % 8] },
                }),
            ],
        };

        // The same run twice: the first shows who commits when, in the second it dies before it has told its partner, and for longer than anybody is patient.
        SimulationPlan Ending(params Fault[] faults) => plan with { Faults = [.. plan.Faults, .. faults] };
        Fault nothing = new() { At = 499, Kind = FaultKind.Heal };
        (double At, int Peer) last = default;
        new Simulator(Ending(nothing, nothing))
        {
            Observer = o => last = last == default && o.Seconds > 390 && o.Effects.Any(e => e is Effect.Send { Body: DadaoRounds.Commit }) && o.Input is Input.Aggregated
                ? (o.Seconds, o.Peer) : last,
        }.RunUntil(400);
        Simulator simulator = new(Ending(
            new Fault { At = last.At + 0.0005, Kind = FaultKind.Crash, Peers = [last.Peer] },
            new Fault { At = last.At + 65, Kind = FaultKind.Restart, Peers = [last.Peer] }));
        int balanced = 0, halves = 0;
        for (double time = 5; time < 500; time += 0.25)
        {
            simulator.RunUntil(time);
            DadaoRounds.Saved[] peers = [.. Enumerable.Range(0, 8).Select(p => simulator.StateOf(p)?.DurablePart).OfType<DadaoRounds.Saved>()];
            if (peers.Length == 8)
            {
                // Half done ones count as they will end.
                double rest = Rest(simulator, peers);
                Assert.True(rest < 1e-9, $"{rest} at {time} s");
                halves += peers.Any(p => p.Doubt is not null) ? 1 : 0;
            }

            if (peers.Length == 8 && peers.All(p => p.Doubt is null))
            {
                balanced++;
                Assert.True(Imbalance(simulator, peers) < 1e-9, $"{Imbalance(simulator, peers)} at {time} s");
            }
        }

        Assert.True(balanced > 20, $"only {balanced} moments without doubt");
        Assert.True(halves > 20, $"only {halves} moments with doubt");
        Assert.True(Enumerable.Range(0, 8).Sum(p => ((DadaoRounds.Saved)simulator.StateOf(p)!.DurablePart).Exchanges) > 300);
    }

    [Fact]
    public void Exchange_that_was_applied_before_a_crash_is_not_applied_again_when_its_proposal_comes_twice()
    {
        (DadaoRounds protocol, PeerSetup setup) = Middle();
        MessageCodec codec = new(protocol);
        (PeerState state, List<Effect> effects) = Drive(protocol, protocol.Create(setup), new Input.Message(new(0), new DadaoRounds.Propose(10)), 0.5);
        Assert.Contains(effects, e => e is Effect.Send { Body: DadaoRounds.Accept });
        (state, effects) = Drive(protocol, state, new Input.Message(new(0), new DadaoRounds.Commit(10, Handle(5))), 0.6);
        Assert.Contains(effects, e => e is Effect.Send { Body: DadaoRounds.Done });
        DurableState saved = codec.DecodeDurable(codec.Encode(effects.OfType<Effect.Persist>().Last().Durable));

        (state, _) = Drive(protocol, protocol.Create(setup), new Input.Recover(saved), 0.7);
        (PeerState after, effects) = Drive(protocol, state, new Input.Message(new(0), new DadaoRounds.Propose(10)), 0.8);
        Assert.DoesNotContain(effects, e => e is Effect.Aggregate or Effect.Send);
        (_, effects) = Drive(protocol, after, new Input.Message(new(0), new DadaoRounds.Propose(11)), 0.9);
        Assert.Contains(effects, e => e is Effect.Send { Body: DadaoRounds.Accept });
    }

    [Fact]
    public void Exchange_whose_step_fails_at_the_accepting_end_is_applied_there_later_from_what_is_there()
    {
        (DadaoRounds protocol, PeerSetup setup) = Middle();
        (PeerState state, _) = Drive(protocol, protocol.Create(setup), new Input.Message(new(0), new DadaoRounds.Propose(10)), 0.5);
        (state, List<Effect> effects) = Drive(protocol, state, new Input.Message(new(0), new DadaoRounds.Commit(10, Handle(5))), 0.6, fails: true);
        Assert.DoesNotContain(effects, e => e is Effect.Send { Body: DadaoRounds.Done });
        Assert.Contains(Handle(5), state.Models);

        // It happened: nothing that is said of it, or not said for as long as a peer is patient, undoes it.
        (state, _) = Drive(protocol, state, new Input.Message(new(0), new DadaoRounds.Abort(10)), 0.7);
        (state, effects) = Drive(protocol, state, new Input.Timer(new TimerId("doubt", 10)), 100, fails: true);
        Assert.Contains(effects, e => e is Effect.SetTimer { Id: { Name: "doubt", Number: 10 } });
        (state, effects) = Drive(protocol, state, new Input.Timer(new TimerId("doubt", 10)), 102);
        Assert.DoesNotContain(effects, e => e is Effect.Send { Body: DadaoRounds.Ask });
        Assert.Contains(effects, e => e is Effect.Aggregate aggregate && aggregate.Models.Any(m => m.Model == Handle(5)));
        Assert.Contains(effects, e => e is Effect.Send { Body: DadaoRounds.Done { Number: 10 } });
        Assert.Null(((DadaoRounds.Saved)state.DurablePart).Doubt);
        Assert.DoesNotContain(Handle(5), state.Models);
    }

    [Fact]
    public void Time_stands_still_while_nobody_answers_and_goes_on_afterwards()
    {
        SimulationPlan plan = Plan(800, new NetworkPlan { Latency = "uniform", LatencySeconds = 0.01 }) with
        {
            Faults =
            [
                new Fault { At = 100, Kind = FaultKind.Crash, Peers = Plans.Range(1, 7) },
                new Fault { At = 400, Kind = FaultKind.Restart, Peers = Plans.Range(1, 7) },
            ],
        };
        Simulator simulator = new(plan);
        QuadraticTask task = (QuadraticTask)simulator.Task;
        long Gradients() => ((DadaoRounds.Saved)simulator.StateOf(0)!.DurablePart).Gradients;
        simulator.RunUntil(100);
        long before = Gradients();
        simulator.RunUntil(400);
        long alone = Gradients() - before;
        simulator.Run();

        // 75 units without an exchange; 8 mean intervals of them are what a peer may do by itself, and a gradient may be under way.
        EdgeRates rates = EdgeRates.Uniform(Graphs.Ring(8));
        Assert.InRange(alone, 0, 3 * (8 / (2 * rates.Total / 8)));
        Assert.True(Gradients() > before + alone + 50, $"{Gradients() - before - alone} gradients in 100 units with everyone back");
        Assert.All(Enumerable.Range(0, 8), p => Assert.InRange(task.Error(simulator.StateOf(p)!.DurablePart.Models.First()), 0, 0.05 * task.Error(task.InitialModel)));
    }

    [Fact]
    public void Peer_that_starts_late_begins_its_time_then_and_draws_nothing_twice()
    {
        (DadaoRounds protocol, PeerSetup setup) = Middle();
        (PeerState state, List<Effect> effects) = Drive(protocol, protocol.Create(setup), new Input.Start(), 100);
        Assert.Equal(TimeSpan.FromSeconds(100).Ticks, ((DadaoRounds.Saved)state.DurablePart).At);

        // Its gradient's clock and that of the edge of which it is the lower end, by rates of their own.
        Assert.Equal(2, effects.OfType<Effect.SetTimer>().Count());
        Assert.Equal(2, ((PeerState<DadaoRounds.Saved, DadaoRounds.Live>)state).Volatile.Draws);
    }

    [Fact]
    public void Proposer_that_is_locked_itself_says_so_and_is_waited_for()
    {
        (DadaoRounds protocol, PeerSetup setup) = Middle();
        (PeerState proposer, _) = Drive(protocol, protocol.Create(setup), new Input.Start(), 0);
        (proposer, List<Effect> effects) = Drive(protocol, proposer, new Input.Timer(new TimerId("edge", 2)), 0.1);
        var propose = (DadaoRounds.Propose)effects.OfType<Effect.Send>().Single(s => s.To == new PeerId(2)).Body;
        (PeerState follower, _) = Drive(protocol, protocol.Create(setup with { Self = new(2) }), new Input.Message(new(1), propose), 0.2);
        var doubt = ((DadaoRounds.Saved)follower.DurablePart).Doubt!;

        // It accepts another exchange just before it is accepted: it cannot lead until that one is over.
        (proposer, _) = Drive(protocol, proposer, new Input.Message(new(0), new DadaoRounds.Propose(10)), 0.2);
        (proposer, effects) = Drive(protocol, proposer, new Input.Message(new(2), new DadaoRounds.Accept(doubt.Number, doubt.Sum)), 0.3);
        Assert.DoesNotContain(effects, e => e is Effect.Send);
        (_, effects) = Drive(protocol, proposer, new Input.Message(new(2), new DadaoRounds.Ask(doubt.Number)), 55);
        MessageBody answer = effects.OfType<Effect.Send>().Single(s => s.To == new PeerId(2)).Body;

        (follower, _) = Drive(protocol, follower, new Input.Message(new(1), answer), 55);
        (follower, effects) = Drive(protocol, follower, new Input.Timer(new TimerId("doubt", doubt.Number)), 114);
        Assert.Contains(effects, e => e is Effect.Send { Body: DadaoRounds.Ask });
        Assert.Equal(doubt, ((DadaoRounds.Saved)follower.DurablePart).Doubt);
        (follower, effects) = Drive(protocol, follower, new Input.Timer(new TimerId("doubt", doubt.Number)), 116);
        Assert.Contains(effects, e => e is Effect.Report { Kind: ReportKind.Rescue });
        Assert.Null(((DadaoRounds.Saved)follower.DurablePart).Doubt);
    }

    [Fact]
    public void Unit_of_time_that_is_too_short_leaves_as_many_exchanges_to_it_as_the_theory_asks_for()
    {
        SimulationPlan plan = Plan(200, new NetworkPlan { Latency = "uniform", LatencySeconds = 0.01 }) with
        {
            Options = SimulationPlan.OptionsOf(new DadaoOptions { UnitSeconds = 0.02 }),
        };
        Simulator simulator = new(plan);
        DadaoRounds.Saved[] Peers() => [.. Enumerable.Range(0, 8).Select(p => (DadaoRounds.Saved)simulator.StateOf(p)!.DurablePart)];
        simulator.Run();

        // A gradient's clock rings once in a unit of the peer's own time.
        double time = Peers().Average(p => p.Gradients);
        Assert.InRange(Peers().Sum(p => p.Exchanges) / time / EdgeRates.Uniform(Graphs.Ring(8)).Total, 0.97, 1.1);
        Assert.InRange(time, 500, 0.5 * 200 / 0.02);
    }

    private static SimulationPlan Plan(double seconds, NetworkPlan network) => Plans.Of("dadao", 2, 8, seconds) with
    {
        Topology = new TopologyPlan { Kind = "ring" },
        Network = network,
        Task = new TaskPlan { StepSeconds = 0.001, ModelBytes = 100 },
        Options = SimulationPlan.OptionsOf(new DadaoOptions { UnitSeconds = 4 }),
    };

    private static double Rest(Simulator simulator, DadaoRounds.Saved[] peers)
    {
        EdgeRates rates = EdgeRates.Uniform(Graphs.Ring(8));
        double[] rest = DadaoBalance.Of(
            peers.Select((p, i) => (Key: new PeerId((ulong)i), Value: p)).ToDictionary(p => p.Key, p => p.Value),
            new DadaoParameters(1, 1, rates.Chi1P / rates.Total),
            8,
            v => ((ArrayTask)simulator.Task).Get(v));
        return Math.Sqrt(rest.Sum(r => r * r));
    }

    // ‖Σ (α̃z + αz̃)‖.
    private static double Imbalance(Simulator simulator, DadaoRounds.Saved[] peers)
    {
        EdgeRates rates = EdgeRates.Uniform(Graphs.Ring(8));
        DadaoParameters p = new(1, 1, rates.Chi1P / rates.Total);
        double[] sum = new double[8];
        foreach (DadaoRounds.Saved peer in peers)
        {
            foreach ((ModelHandle vector, double weight) in new[] { (peer.Vectors[4], p.AlphaTilde), (peer.Vectors[5], p.Alpha) })
            {
                sum = vector.IsNone ? sum : [.. sum.Zip(((ArrayTask)simulator.Task).Get(vector), (a, b) => a + (weight * b))];
            }
        }

        return Math.Sqrt(sum.Sum(s => s * s));
    }

    // A peer of a ring of three, node 1; aggregations are answered at once, by new handles.
    private static (DadaoRounds Protocol, PeerSetup Setup) Middle() => (new DadaoRounds(new DadaoOptions { DoubtSeconds = 60 }), new PeerSetup
    {
        Self = new(1),
        Seed = 1,
        Roster = [new(0), new(1), new(2)],
        InitialModel = Handle(0),
        Mixing = new MetropolisMixing(Graphs.Ring(3)),
    });

    private static ModelHandle Handle(long number) => ModelHandle.OfContent(BitConverter.GetBytes(number));

    private static (PeerState State, List<Effect> Effects) Drive(DadaoRounds protocol, PeerState state, Input input, double seconds, bool fails = false)
    {
        List<Effect> all = [];
        Queue<Input> inputs = new([input]);
        while (inputs.TryDequeue(out Input? next))
        {
            Step step = protocol.Handle(state, next, TimeSpan.FromSeconds(seconds));
            state = step.State;
            all.AddRange(step.Effects);
            foreach (Effect.Aggregate aggregate in step.Effects.OfType<Effect.Aggregate>())
            {
                inputs.Enqueue(new Input.Aggregated(aggregate.Work, fails ? default : Handle(1000 + aggregate.Work)));
            }
        }

        return (state, all);
    }
}
