using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// Discrete-event transport: runs the state machines of all peers on a virtual clock and a simulated network. Deterministic: events of one
/// instant go in the order in which they were planned, every draw is a function of the seed. Not thread-safe.
/// </summary>
public sealed partial class Simulator
{
    private const int CollectEvery = 20_000;

    private readonly IProtocol _protocol;
    private readonly MessageCodec _codec;
    private readonly SimulatedNetwork _network;
    private readonly SimulatedPeer[] _peers;
    private readonly PeerSetup[] _setups;
    private readonly PriorityQueue<SimulatedEvent, (long Ticks, long Number)> _queue = new();
    private readonly SimulationCounts _counts = new();
    private long _ticks;
    private long _numbers;
    private int _groups;
    private bool _finished;

    /// <summary>Prepares a run.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="task">What is learned; null = the plan's task.</param>
    /// <exception cref="SpecException">The plan is wrong.</exception>
    public Simulator(SimulationPlan plan, ILearningTask? task = null)
    {
        plan.Validate();
        Plan = plan;
        Task = task ?? plan.Task.Create(plan.Peers, plan.Seed);
        _protocol = ProtocolCatalog.Create(plan.Protocol, plan.Options);
        if (_protocol.NeedsTopology && plan.Topology is null)
        {
            throw new SpecException("simulation.topology", $"must be given for {plan.Protocol}, e.g. {{\"kind\": \"ring\"}}");
        }

        _codec = new MessageCodec(_protocol);
        _network = new SimulatedNetwork(plan.Network, plan.Peers, plan.Seed);
        _peers = [.. Enumerable.Range(0, plan.Peers).Select(i => new SimulatedPeer(i))];
        HashSet<int> late = [.. plan.Faults.Where(f => f.Kind == FaultKind.Join).SelectMany(f => f.Peers)];
        _setups = Setups(late);
        foreach (Fault fault in plan.Faults.OrderBy(f => f.At))
        {
            At(TimeSpan.FromSeconds(fault.At).Ticks, new SimulatedEvent.Happens(fault));
        }

        foreach (SimulatedPeer peer in _peers.Where(p => !late.Contains(p.Index)))
        {
            Begin(peer, _setups[peer.Index]);
        }
    }

    /// <summary>The plan.</summary>
    public SimulationPlan Plan { get; }

    /// <summary>The protocol of the plan.</summary>
    public IProtocol Protocol => _protocol;

    /// <summary>What is learned.</summary>
    public ILearningTask Task { get; }

    /// <summary>Called after every step.</summary>
    public Action<Observation>? Observer { get; set; }

    /// <summary>Virtual time in seconds.</summary>
    public double Now => TimeSpan.FromTicks(_ticks).TotalSeconds;

    /// <summary>How often a peer came back without what it had persisted.</summary>
    public int Forgotten { get; private set; }

    /// <summary>State of a peer; null while it is down.</summary>
    public PeerState? StateOf(int peer) => _peers[peer].State;

    /// <summary>Runs to the end of the plan.</summary>
    /// <exception cref="SimulationException">An invariant broke, or something failed; the exception holds the plan to replay.</exception>
    public SimulationResult Run()
    {
        RunUntil(Plan.Seconds);
        return Result();
    }

    /// <summary>Runs up to a virtual time, or to the plan's last round.</summary>
    /// <exception cref="SimulationException">An invariant broke.</exception>
    public void RunUntil(double seconds)
    {
        long end = TimeSpan.FromSeconds(seconds).Ticks;
        while (!_finished && _queue.TryPeek(out _, out (long Ticks, long Number) next) && next.Ticks <= end)
        {
            SimulatedEvent happening = _queue.Dequeue();
            _ticks = next.Ticks;
            _counts.Hash((ulong)next.Ticks, (ulong)next.Number);
            try
            {
                Dispatch(happening);
            }
            catch (Exception fault) when (fault is not SimulationException)
            {
                throw new SimulationException($"{_protocol.Name}, {Now:0.000} s: {fault.Message}", Plan, fault);
            }

            if (++_counts.Events % CollectEvery == 0)
            {
                DropUnusedModels();
            }
        }

        if (!_finished)
        {
            _ticks = Math.Max(_ticks, end);
        }
    }

    /// <summary>What came of the run so far.</summary>
    public SimulationResult Result()
    {
        ulong hash = _counts.TraceHash;
        foreach (SimulatedPeer peer in _peers)
        {
            if ((peer.State?.DurablePart ?? peer.Saved) is { } durable)
            {
                hash = durable.Models.Aggregate(hash, (h, m) => CounterRandom.Bits(h, Task.Digest(m)));
                hash = CounterRandom.Bits(hash, BitConverter.ToUInt32(_codec.Encode(durable), 4));
            }
        }

        return _counts.Result(hash, Now);
    }

    private PeerSetup[] Setups(HashSet<int> late)
    {
        ImmutableArray<PeerId> roster = [.. _peers.Select(p => p.Id)];
        ImmutableArray<PeerId> founders = [.. _peers.Where(p => !late.Contains(p.Index)).Select(p => p.Id)];
        IMixingSchedule? mixing = Plan.Topology?.Mixing(Plan.Peers);
        TrainWork probe = new(0, Task.InitialModel, 0, 5, 0);
        WorkEstimate common = new(
            Task.Bytes(Task.InitialModel), _peers.Min(p => _network.Bandwidth(p.Index)), Task.Duration(probe).TotalSeconds);
        return [.. _peers.Select(p => new PeerSetup
        {
            Self = p.Id,
            Seed = Plan.Seed,
            Roster = roster,
            Founders = founders,
            InitialModel = Task.InitialModel,
            Mixing = mixing,
            Samples = Task.Samples(p.Index),
            Joining = late.Contains(p.Index),
            Estimate = new WorkEstimate(
                Task.Bytes(Task.InitialModel), _network.Bandwidth(p.Index), Task.Duration(probe).TotalSeconds),
            CommonEstimate = common,
        })];
    }

    private void Dispatch(SimulatedEvent happening)
    {
        switch (happening)
        {
            case SimulatedEvent.Happens { Fault: { } fault }:
                foreach (int peer in fault.Peers.IsEmpty ? Enumerable.Range(0, _peers.Length) : fault.Peers)
                {
                    Apply(fault, _peers[peer]);
                }

                _groups++;
                break;
            case SimulatedEvent.Due due when due.Peer.Up && due.Life == due.Peer.Life:
                Occur(due);
                break;
            case SimulatedEvent.Delivery delivery:
                Deliver(delivery);
                break;
        }
    }

    private void Occur(SimulatedEvent.Due due)
    {
        SimulatedPeer peer = due.Peer;
        switch (due.Input)
        {
            case Input.Timer timer when !peer.Timers.TryGetValue(timer.Id, out long number) || number != due.TimerNumber:
                return;
            case Input.Timer timer:
                peer.Timers.Remove(timer.Id);
                break;
            case Input.Trained trained when !peer.Trainings.ContainsKey(trained.Work):
                return;
            case Input.Trained trained:
                peer.Trainings.Remove(trained.Work, out TrainWork? work);
                Handle(peer, Finish(peer, trained.Work, work!));
                return;
        }

        Handle(peer, due.Input);
    }

    private void Handle(SimulatedPeer peer, Input input)
    {
        PeerState before = peer.State!;
        Step step = _protocol.Handle(before, input, TimeSpan.FromTicks(_ticks));
        peer.State = step.State;
        if (_protocol.Violation(before, step.State) is { } violation && input is not Input.Recover)
        {
            throw Broken(peer, violation);
        }

        _counts.Hash((ulong)peer.Index, (ulong)step.Effects.Length);
        Dictionary<MessageBody, byte[]> frames = new(ReferenceEqualityComparer.Instance);
        foreach (Effect effect in step.Effects)
        {
            Carry(peer, effect, frames);
        }

        Observer?.Invoke(new Observation(Now, peer.Index, input, step.State, step.Effects));
    }

    private SimulationException Broken(SimulatedPeer peer, string what) =>
        new($"{_protocol.Name}, peer {peer.Index}, {Now:0.000} s: {what}.", Plan);

    private void In(double seconds, SimulatedEvent happening) =>
        At(_ticks + TimeSpan.FromSeconds(Math.Max(0, seconds)).Ticks, happening);

    private void At(long ticks, SimulatedEvent happening) => _queue.Enqueue(happening, (ticks, _numbers++));
}
