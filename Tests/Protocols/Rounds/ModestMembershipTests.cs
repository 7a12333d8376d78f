using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>
/// Who is a member of a MoDeST island: step by step, without heartbeats of others that would mend what one step got wrong, and in whole runs.
/// </summary>
public sealed class ModestMembershipTests
{
    private static readonly ModelHandle Initial = ModelHandle.OfContent([0]);

    private static readonly PeerId Self = new(3), Other = new(7);

    private static readonly ModestOptions Sane = CrashScenario.Options;

    private static readonly Modest Protocol = new(Sane);

    [Theory]
    [InlineData(1, 3, 20)]
    [InlineData(2, 3, 20)]
    [InlineData(3, 3, 10)]
    [InlineData(4, 3, 10)]
    [InlineData(1, 1, 10)]
    public void Trainers_that_answer_but_never_send_are_waited_for_until_the_time_of_so_many_models_is_over(int sent, int minimum, double seconds)
    {
        Modest protocol = new(new ModestOptions { SampleSize = 5, AggregationSeconds = 10, MinimumModels = minimum });
        ImmutableArray<PeerId> sample = [.. Enumerable.Range(10, 5).Select(i => new PeerId((ulong)i))];
        PeerState state = protocol.Create(new() { Self = Self, Seed = 1, Roster = [Self, .. sample], InitialModel = Initial });
        foreach (PeerId trainer in sample.Take(sent))
        {
            ModelHandle model = ModelHandle.OfContent([(byte)trainer.Value]);
            state = On(protocol, state, 0, trainer, new Modest.TrainedModel(2, 1, model, sample, MembershipView.Empty)).State;
        }

        double aggregated = 0;
        for (double now = 0.5; now < 40 && aggregated == 0; now += 0.5)
        {
            foreach (PeerId silent in sample.Skip(sent))
            {
                state = On(protocol, state, now, silent, new Modest.Pong(2, 1, 0)).State;
            }

            Step step = protocol.Handle(state, new Input.Timer(new TimerId("collection", 2)), TimeSpan.FromSeconds(now));
            state = step.State;
            aggregated = step.Effects.OfType<Effect.Aggregate>().SingleOrDefault() is { } work && work.Models.Length == sent ? now : aggregated;
        }

        Assert.Equal(seconds, aggregated);
    }

    [Theory]
    [InlineData(100, 10, null, 50)]
    [InlineData(200, 8, null, 125)]
    [InlineData(12, 10, null, 20)]
    [InlineData(100, 10, 7, 7)]
    public void Peer_is_a_candidate_for_five_times_n_over_s_rounds_after_its_last_sign_of_life(int peers, int sample, int? set, long inactivity)
    {
        Modest protocol = new(new ModestOptions { SampleSize = sample, InactivityRounds = set });
        PeerState state = protocol.Create(Setup(peers));
        state = On(protocol, state, 1, Other, new Modest.Ping(10, 0)).State;

        Assert.Equal(peers, protocol.Candidates(state, inactivity).Count());
        Assert.Equal([Self, Other], protocol.Candidates(state, inactivity + 1));
        Assert.Equal([Self, Other], protocol.Candidates(state, 10 + inactivity));
        Assert.Equal([Self], protocol.Candidates(state, 11 + inactivity));
    }

    [Fact]
    public void Join_that_asks_is_answered_with_a_view_that_tells_who_came_before()
    {
        // Of twelve peers ten begin; peer 10 joins first, and peer 11 knows nothing of it.
        Modest protocol = new(new ModestOptions());
        PeerId first = new(10), second = new(11);
        PeerSetup setup = Setup(12) with { Founders = [.. Enumerable.Range(0, 10).Select(i => new PeerId((ulong)i))] };
        PeerState state = protocol.Create(setup);
        Step step = On(protocol, state, 1, first, new Modest.Advertise(0, 1, Left: false, WantsView: false));
        Assert.DoesNotContain(step.Effects, e => e is Effect.Send { Body: Modest.ShareView });
        step = Beat(protocol, step.State, 2);
        step = On(protocol, step.State, 3, second, new Modest.Advertise(0, 1, Left: false, WantsView: true));

        Effect.Send answer = Assert.Single(step.Effects.OfType<Effect.Send>());
        Modest.ShareView view = Assert.IsType<Modest.ShareView>(answer.Body);
        Assert.Equal((second, true), (answer.To, view.Answer));
        PeerState joiner = protocol.Create(setup with { Self = second, Joining = true });
        Assert.DoesNotContain(first, protocol.Candidates(joiner, 1));
        Assert.Contains(first, protocol.Candidates(On(protocol, joiner, 3.1, Self, view).State, 1));
    }

    [Fact]
    public void Late_leave_does_not_undo_the_join_that_came_after_it()
    {
        Modest protocol = new(new ModestOptions());
        PeerState state = protocol.Create(Setup(12));
        Step step = On(protocol, state, 1, Other, new Modest.Advertise(0, 3, Left: false, WantsView: false));
        step = On(protocol, step.State, 1, Other, new Modest.Advertise(0, 2, Left: true, WantsView: false));
        AssertStale(step, 1);
        step = Beat(protocol, step.State, 2);
        Assert.Equal(new Member(0, 3, Left: false), View(step)[Other]);

        // The same when the JOIN is applied.
        MembershipView before = View(step);
        step = On(protocol, step.State, 3, Other, new Modest.Advertise(9, 2, Left: true, WantsView: false));
        AssertStale(step, 2);
        Assert.Same(before, View(step));
    }

    [Fact]
    public void Leave_applies_at_once_and_takes_the_join_before_it_along_and_repeated_it_changes_nothing()
    {
        Modest protocol = new(new ModestOptions());
        PeerState state = protocol.Create(Setup(12));
        Step step = On(protocol, state, 1, Other, new Modest.Advertise(0, 3, Left: false, WantsView: false));
        step = On(protocol, step.State, 1, Other, new Modest.Advertise(5, 4, Left: true, WantsView: false));
        Assert.Equal(new Member(5, 4, Left: true), View(step)[Other]);
        Assert.Equal(0, step.State.Ignored);
        step = Beat(protocol, step.State, 2);
        MembershipView before = View(step);
        Assert.Equal(new Member(5, 4, Left: true), before[Other]);

        step = On(protocol, step.State, 3, Other, new Modest.Advertise(8, 4, Left: true, WantsView: false));
        AssertStale(step, 1);
        Assert.Same(before, View(step));
    }

    [Fact]
    public void Counter_that_nobody_can_have_reached_takes_nobody_out_of_a_view()
    {
        Modest protocol = new(Sane);
        Simulator simulator = new(Plan(20, 60, Sane, 5));
        simulator.RunUntil(20);
        simulator.Inject(3, new PeerId(7), new MessageCodec(protocol).Encode(new Modest.Advertise(5, 1L << 40, Left: true, WantsView: false)));

        Assert.Contains(simulator.Result().Ignored.Keys, k => k.Contains("nobody can have reached"));
        Assert.Contains(new PeerId(7), protocol.Candidates(simulator.StateOf(3)!, 5));
    }

    [Fact]
    public void Ids_that_are_nobodys_stay_out_of_every_view()
    {
        MembershipView strangers = MembershipView.Of(Enumerable.Range(1000, 500).Select(i => new PeerId((ulong)i)));
        Simulator simulator = new(Plan(20, 60, Sane, 5));
        MessageCodec codec = new(Protocol);
        simulator.RunUntil(20);
        simulator.Inject(3, new PeerId(7), codec.Encode(new Modest.ShareView(5, Answer: true, strangers)));
        simulator.Inject(4, new PeerId(7), codec.Encode(new Modest.TrainedModel(6, 5, simulator.Task.InitialModel, [], strangers)));
        simulator.RunUntil(60);

        Assert.All(Enumerable.Range(0, 20), p => Assert.Equal(20, ((Modest.Saved)simulator.StateOf(p)!.DurablePart).View.Ids.Length));
        Assert.InRange(simulator.Result().LongestStall(20, 60), 0, 5);
    }

    [Fact]
    public void Stranger_is_not_taken_in_and_gets_no_answer()
    {
        PeerState state = Protocol.Create(new() { Self = new(3), Seed = 1, Roster = [new(1), new(3)], InitialModel = ModelHandle.OfContent([1]) });

        Step step = Protocol.Handle(state, new Input.Message(new(99), new Modest.Advertise(1, 5, Left: false, WantsView: true)), default);
        step = Protocol.Handle(step.State, new Input.Message(new(99), new Modest.Advertise(1, 6, Left: true, WantsView: true)), default);

        Assert.DoesNotContain(step.Effects, e => e is Effect.Send or Effect.Persist);
        Assert.Equal(2, step.State.Ignored);
        step = Protocol.Handle(step.State, new Input.Timer(new TimerId("heartbeat")), TimeSpan.FromSeconds(1));
        Assert.Equal([new PeerId(1), new PeerId(3)], [.. ((Modest.Saved)step.State.DurablePart).View.Ids]);
    }

    [Fact]
    public void Late_peers_are_known_to_all_within_three_times_n_over_s_rounds()
    {
        SimulationPlan plan = Plan(100, 90, new ModestOptions { HeartbeatSeconds = 1 }, 2) with
        {
            Faults = [.. Enumerable.Range(0, 10).Select(i => new Fault { At = 20 + i, Kind = FaultKind.Join, Peers = [90 + i] })],
        };
        Simulator simulator = new(plan);
        simulator.RunUntil(29);
        long joined = simulator.Result().RoundAt(29);
        double time = 29;
        while (simulator.Result().RoundAt(time) < joined + 30)
        {
            simulator.RunUntil(time += 0.5);
            Assert.True(time < 90, "thirty rounds took more than a minute");
        }

        Assert.All(Enumerable.Range(0, 100), p => Assert.Equal(100, Protocol.Candidates(simulator.StateOf(p)!, joined).Count()));
    }

    [Fact]
    public void Peers_that_leave_are_not_asked_any_more()
    {
        SimulationPlan plan = Plan(40, 60, new ModestOptions(), 4) with
        {
            Faults = [new Fault { At = 20, Kind = FaultKind.Leave, Peers = Plans.Range(0, 20) }],
        };
        Simulator simulator = new(plan);

        SimulationResult result = simulator.Run();

        Assert.InRange(result.LongestStall(15, 60), 0, 8);
        Assert.All(Plans.Range(20, 20), p => Assert.Equal(20, Protocol.Candidates(simulator.StateOf(p)!, 0).Count()));
    }

    private static SimulationPlan Plan(int peers, double seconds, ModestOptions options, ulong seed) =>
        Plans.Of("modest", seed, peers, seconds) with { Options = SimulationPlan.OptionsOf(options) };

    private static PeerSetup Setup(int peers) =>
        new() { Self = Self, Seed = 1, Roster = [.. Enumerable.Range(0, peers).Select(i => new PeerId((ulong)i))], InitialModel = Initial };

    private static Step On(Modest protocol, PeerState state, double seconds, PeerId from, MessageBody body) =>
        protocol.Handle(state, new Input.Message(from, body), TimeSpan.FromSeconds(seconds));

    private static Step Beat(Modest protocol, PeerState state, double seconds) =>
        protocol.Handle(state, new Input.Timer(new TimerId("heartbeat")), TimeSpan.FromSeconds(seconds));

    private static MembershipView View(Step step) => ((Modest.Saved)step.State.DurablePart).View;

    private static void AssertStale(Step step, long ignored)
    {
        Assert.Equal(ignored, step.State.Ignored);
        Assert.Contains(step.Effects, e => e is Effect.Report { Kind: ReportKind.Ignored, Detail: "stale LEAVE" });
    }
}
