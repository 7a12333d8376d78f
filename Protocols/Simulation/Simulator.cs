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
public sealed class Simulator
{
    private const double AggregateSeconds = 0.001;
    private const int CollectEvery = 20_000;

    private static readonly ulong TrainFailureRole = CounterRandom.Role("train-failure");

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

    /// <summary>What is learned.</summary>
    public ILearningTask Task { get; }

    /// <summary>Called after every step.</summary>
    public Action<Observation>? Observer { get; set; }

    /// <summary>Virtual time in seconds.</summary>
    public double Now => TimeSpan.FromTicks(_ticks).TotalSeconds;

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

    private void Apply(Fault fault, SimulatedPeer peer)
    {
        switch (fault.Kind)
        {
            case FaultKind.Crash:
                Stop(peer);
                break;
            case FaultKind.Leave when peer.Up:
                Handle(peer, new Input.Message(peer.Id, new LeaveRequest()));
                Stop(peer);
                break;
            case FaultKind.Restart when !peer.Up && peer.Saved is { } saved:
                peer.State = _protocol.Create(_setups[peer.Index]);
                Handle(peer, new Input.Recover(_codec.DecodeDurable(_codec.Encode(saved))));
                break;
            case FaultKind.Restart or FaultKind.RestartEmpty or FaultKind.Join when !peer.Up:
                peer.Saved = null;
                peer.Local.Clear();
                peer.LastCompleted = -1;
                Begin(peer, _setups[peer.Index] with { Joining = _ticks > 0 });
                break;
            case FaultKind.Partition:
                peer.Group = _groups + 1;
                break;
            case FaultKind.Heal:
                peer.Group = 0;
                break;
            case FaultKind.Slow:
                peer.Slow = fault.Factor;
                break;
        }
    }

    private void Begin(SimulatedPeer peer, PeerSetup setup)
    {
        peer.State = _protocol.Create(setup);
        At(_ticks, new SimulatedEvent.Due(peer, peer.Life, new Input.Start()));
    }

    private void Stop(SimulatedPeer peer)
    {
        foreach (TrainWork work in peer.Trainings.Values)
        {
            Task.Cancel(work);
        }

        peer.State = null;
        peer.Life++;
        peer.Timers.Clear();
        peer.Trainings.Clear();
        _network.Reset(peer.Index);
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

    private Input Finish(SimulatedPeer peer, long number, TrainWork work)
    {
        ModelHandle? model = Task.Complete(work);
        bool fails = CounterRandom.Unit(CounterRandom.Bits(Plan.Seed, TrainFailureRole, (ulong)work.Id)) < Plan.TrainFailure;
        if (model is not { } trained || fails)
        {
            return new Input.TrainFailed(number, model is null ? "the model is not finite" : "a fault of the plan");
        }

        _counts.Trainings++;
        peer.Local.Add(trained);
        return new Input.Trained(number, trained);
    }

    private void Deliver(SimulatedEvent.Delivery delivery)
    {
        SimulatedPeer to = delivery.To;
        if (!to.Up || to.Group != delivery.From.Group || (delivery.CarriesModels && delivery.From.Life != delivery.FromLife))
        {
            _counts.Lost++;
            return;
        }

        if (!_codec.TryDecode(delivery.Frame, out MessageBody? body, out FrameFault fault))
        {
            _counts.Refuse(fault);
            return;
        }

        to.Local.UnionWith(body.Models);
        Handle(to, new Input.Message(delivery.From.Id, body));
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

    private void Carry(SimulatedPeer peer, Effect effect, Dictionary<MessageBody, byte[]> frames)
    {
        switch (effect)
        {
            case Effect.Send send when send.To == peer.Id:
                In(0, new SimulatedEvent.Due(peer, peer.Life, new Input.Message(peer.Id, send.Body)));
                break;
            case Effect.Send send:
                Send(peer, send, frames);
                break;
            case Effect.Train train:
                TrainWork work = new(peer.Index, train.Model, train.Round, train.Steps, _numbers);
                RequireLocal(peer, train.Model);
                peer.Trainings.Add(train.Work, work);
                Task.Begin(work);
                In(Task.Duration(work).TotalSeconds * peer.Slow, new SimulatedEvent.Due(peer, peer.Life, new Input.Trained(train.Work, default)));
                break;
            case Effect.CancelTrain cancel when peer.Trainings.Remove(cancel.Work, out TrainWork? cancelled):
                Task.Cancel(cancelled);
                break;
            case Effect.Aggregate aggregate:
                foreach (Aggregation.Contribution contribution in aggregate.Models)
                {
                    RequireLocal(peer, contribution.Model);
                }

                ModelHandle result = Task.Aggregate(aggregate.Rule, aggregate.Models) ?? default;
                peer.Local.Add(result);
                In(AggregateSeconds * peer.Slow, new SimulatedEvent.Due(peer, peer.Life, new Input.Aggregated(aggregate.Work, result)));
                break;
            case Effect.Fetch fetch:
                Fetch(peer, fetch);
                break;
            case Effect.SetTimer timer:
                peer.Timers[timer.Id] = _numbers;
                In(timer.After.TotalSeconds, new SimulatedEvent.Due(peer, peer.Life, new Input.Timer(timer.Id), _numbers));
                break;
            case Effect.CancelTimer timer:
                peer.Timers.Remove(timer.Id);
                break;
            case Effect.Persist persist:
                peer.Saved = persist.Durable;
                break;
            case Effect.Report report:
                Note(peer, report);
                break;
        }
    }

    private void Send(SimulatedPeer from, Effect.Send send, Dictionary<MessageBody, byte[]> frames)
    {
        if (!frames.TryGetValue(send.Body, out byte[]? frame))
        {
            frames[send.Body] = frame = _codec.Encode(send.Body);
        }

        _counts.Sent(send.Body, frame);
        if (send.To.Value >= (ulong)_peers.Length)
        {
            _counts.Lost++;
            return;
        }

        SimulatedPeer to = _peers[send.To.Value];
        long number = _numbers, modelBytes = 0;
        foreach (ModelHandle model in send.Body.Models)
        {
            RequireLocal(from, model);
            if (to.Group == from.Group && model != Task.InitialModel && !to.Local.Contains(model))
            {
                modelBytes += Task.Bytes(model);
                _counts.ModelTransfers++;
            }
        }

        _counts.ModelBytes += modelBytes;
        List<double> arrivals = to.Group == from.Group ? _network.Arrivals(Now, from, to, number, frame.Length, modelBytes) : [];
        _counts.Lost += arrivals.Count == 0 ? 1 : 0;
        byte[] arriving = _network.Frame(frame, Now, number);
        foreach (double arrival in arrivals)
        {
            In(arrival - Now, new SimulatedEvent.Delivery(from, from.Life, to, arriving, send.Body, modelBytes > 0));
        }
    }

    private void Fetch(SimulatedPeer peer, Effect.Fetch fetch)
    {
        SimulatedPeer? from = fetch.From.Value < (ulong)_peers.Length ? _peers[fetch.From.Value] : null;
        if (peer.Local.Contains(fetch.Model))
        {
            In(0, new SimulatedEvent.Due(peer, peer.Life, new Input.Fetched(fetch.Work, fetch.Model)));
        }
        else if (from is { Up: true } && from.Group == peer.Group && from.Local.Contains(fetch.Model)
            && _network.Arrivals(Now, from, peer, _numbers, 0, Task.Bytes(fetch.Model)) is [double arrival, ..])
        {
            _counts.ModelBytes += Task.Bytes(fetch.Model);
            _counts.ModelTransfers++;
            peer.Local.Add(fetch.Model);
            In(arrival - Now, new SimulatedEvent.Due(peer, peer.Life, new Input.Fetched(fetch.Work, fetch.Model)));
        }
        else
        {
            In(1, new SimulatedEvent.Due(peer, peer.Life, new Input.FetchFailed(fetch.Work, "the peer does not answer")));
        }
    }

    private void Note(SimulatedPeer peer, Effect.Report report)
    {
        if (report.Kind == ReportKind.Ignored)
        {
            _counts.Ignore(report.Detail);
        }
        else if (report.Kind == ReportKind.RoundCompleted)
        {
            if (report.Round <= peer.LastCompleted)
            {
                throw Broken(peer, $"round {report.Round} was completed after round {peer.LastCompleted}");
            }

            peer.LastCompleted = report.Round;
            _counts.Completed(Now, report.Round, peer.Index);
            _finished |= Plan.Rounds > 0 && report.Round >= Plan.Rounds;
        }
    }

    private void RequireLocal(SimulatedPeer peer, ModelHandle model)
    {
        if (!peer.Local.Contains(model) && model != Task.InitialModel)
        {
            throw Broken(peer, $"model {model} is used but not local");
        }
    }

    private SimulationException Broken(SimulatedPeer peer, string what) =>
        new($"{_protocol.Name}, peer {peer.Index}, {Now:0.000} s: {what}.", Plan);

    private void DropUnusedModels()
    {
        HashSet<ModelHandle>[] own = [.. _peers.Select(p => new HashSet<ModelHandle>(
            [.. p.State?.Models ?? [], .. p.Saved?.Models ?? [], .. p.Trainings.Values.Select(t => t.Model)]))];
        HashSet<ModelHandle> live = [];
        foreach ((SimulatedEvent waiting, _) in _queue.UnorderedItems)
        {
            switch (waiting)
            {
                case SimulatedEvent.Due { Input: Input.Aggregated aggregated } due:
                    own[due.Peer.Index].Add(aggregated.Model);
                    break;
                case SimulatedEvent.Due { Input: Input.Fetched fetched } due:
                    own[due.Peer.Index].Add(fetched.Model);
                    break;
                case SimulatedEvent.Due { Input: Input.Message message } due:
                    own[due.Peer.Index].UnionWith(message.Body.Models);
                    break;
                case SimulatedEvent.Delivery delivery:
                    live.UnionWith(delivery.Sent.Models);
                    break;
            }
        }

        foreach (SimulatedPeer peer in _peers)
        {
            peer.Local.IntersectWith(own[peer.Index]);
            live.UnionWith(own[peer.Index]);
        }

        Task.Retain(live);
    }

    private void In(double seconds, SimulatedEvent happening) =>
        At(_ticks + TimeSpan.FromSeconds(Math.Max(0, seconds)).Ticks, happening);

    private void At(long ticks, SimulatedEvent happening) => _queue.Enqueue(happening, (ticks, _numbers++));
}
