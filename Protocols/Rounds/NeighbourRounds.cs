using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>
/// Base of the protocols in which a round is local training and then Q exchanges with the neighbours of a topology, each of them: send the own
/// model, wait for theirs, average. Q = 1 unless a protocol says otherwise.
/// <para>
/// For networks that fail: the wait ends at a deadline, and a missing model's weight goes to the own one (the row still sums to 1); a
/// neighbour that misses several is not waited for until it is heard, and until then gets a model at ever longer intervals instead of
/// one per exchange, so that who runs ahead does not flood who is slow; a peer that hears nobody waits for every deadline, so that it does not
/// run ahead of the others by itself; a peer that is behind goes on in the exchange that it hears of. In a run without faults none of it happens, and with a doubly stochastic W every exchange preserves the mean of all models.
/// </para>
/// </summary>
/// <param name="options">Options.</param>
public abstract partial class NeighbourRounds(NeighbourOptions options) : Protocol<NeighbourRounds.Saved, NeighbourRounds.Live>
{
    private const int Ahead = 4, LongestBackOff = 4;

    /// <inheritdoc/>
    public override bool NeedsTopology => true;

    /// <summary>What a local training does.</summary>
    protected virtual TrainingRule Rule => TrainingRule.Plain;

    /// <summary>Q, exchanges a round.</summary>
    protected virtual int GossipSteps => 1;

    // Neighbours are at most a wait for each other apart, so that a graph's ends are at most its nodes apart.

    /// <inheritdoc/>
    public override string? Disagreement(IReadOnlyList<PeerState> peers)
    {
        long[] exchanges = [.. peers.Select(p => ((Saved)p.DurablePart).Exchange)];
        return exchanges.Length > 0 && exchanges.Max() - exchanges.Min() > Math.Max(Ahead, peers.Count) + 1
            ? $"peers are in exchanges {exchanges.Min()} .. {exchanges.Max()}"
            : null;
    }

    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) =>
        kind == 1 ? new Share(reader.Number(), reader.Model()) : null;

    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader) => new Saved(reader.Number(), reader.Model());

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new(0, setup.InitialModel);

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn) => BeginExchange(turn);

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn) => BeginExchange(turn);

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Training)
        {
            turn.Ignore("stale training");
            return;
        }

        turn.Volatile = turn.Volatile with { Training = 0 };
        SendOut(turn, model);
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work) => OnTrained(turn, work, turn.Durable.Model);

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        if (body is not Share share || turn.Setup.IndexOf(from) is var sender && sender < 0
            || !turn.Setup.RequireMixing().Receivers(sender, share.Round).Contains(turn.Setup.IndexOf(turn.Self)))
        {
            turn.Ignore("not a neighbour in that round");
            return;
        }

        if (share.Round > RoundLimit.At(turn.Now))
        {
            turn.Ignore("a round that nobody can have reached yet");
            return;
        }

        turn.Volatile = turn.Volatile with { Missed = turn.Volatile.Missed.Remove(from), HeardAt = turn.Now };
        if (share.Round < turn.Durable.Exchange || turn.Volatile.Received.ContainsKey((share.Round, from)))
        {
            turn.Ignore("stale or repeated model");
            return;
        }

        turn.Volatile = turn.Volatile with { Received = turn.Volatile.Received.Add((share.Round, from), share) };
        if (share.Round > turn.Durable.Exchange + Ahead)
        {
            JumpTo(turn, share);
        }
        else
        {
            MixIfComplete(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        if (timer.Name != "deadline" || timer.Number != turn.Durable.Exchange || turn.Volatile.Mixing != 0 || turn.Volatile.Half.IsNone)
        {
            turn.Ignore("stale timer");
            return;
        }

        foreach (PeerId missing in Missing(turn))
        {
            int misses = turn.Volatile.Missed.GetValueOrDefault(missing) + 1;
            turn.Volatile = turn.Volatile with { Missed = turn.Volatile.Missed.SetItem(missing, misses) };
            if (misses == options.SuspectAfter)
            {
                turn.Report(ReportKind.Suspected, turn.Durable.Exchange / GossipSteps, default, missing.ToString());
            }
        }

        Mix(turn);
    }

    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Mixing)
        {
            turn.Ignore("stale aggregation");
            return;
        }

        if (model.IsNone)
        {
            OnMixFailed(turn);
        }
        else
        {
            OnMixed(turn, model);
        }
    }

    /// <summary>The models of an exchange are averaged; ends the exchange unless a protocol has more to do first.</summary>
    protected virtual void OnMixed(Turn<Saved, Live> turn, ModelHandle model) => EndExchange(turn, model);

    /// <summary>The models of an exchange cannot be averaged: the own one stands for the average.</summary>
    protected virtual void OnMixFailed(Turn<Saved, Live> turn) => OnMixed(turn, turn.Volatile.Half);

    /// <summary>The state without the work of the exchange that ends here, or is left for a later one.</summary>
    protected virtual Live Forget(Live live) => live with { Half = default, Mixing = 0, Training = 0 };

    /// <summary>The message that carries a model.</summary>
    protected virtual Share NewShare(PeerSetup setup, long exchange, ModelHandle model) => new(exchange, model);

    /// <summary>The models of this exchange and their weights: W's row, the weight of what is missing given to the own model.</summary>
    protected virtual IEnumerable<Contribution> Weigh(Turn<Saved, Live> turn)
    {
        Dictionary<PeerId, ModelHandle> received = Received(turn).ToDictionary(s => s.From, s => s.Share.Model);
        double own = 0;
        foreach (MixingWeight weight in Row(turn))
        {
            if (received.TryGetValue(turn.Setup.Roster[weight.Node], out ModelHandle model))
            {
                yield return new Contribution(turn.Setup.Roster[weight.Node], model, weight.Weight);
            }
            else
            {
                own += weight.Weight;
            }
        }

        if (own > 0)
        {
            yield return new Contribution(turn.Self, turn.Volatile.Half, own);
        }
    }

    /// <summary>What the neighbours sent in this exchange.</summary>
    protected static IEnumerable<(PeerId From, Share Share)> Received(Turn<Saved, Live> turn) =>
        turn.Volatile.Received.Where(r => r.Key.Exchange == turn.Durable.Exchange).Select(r => (r.Key.From, r.Value));

    /// <summary>The exchange gave this model: persist it and go on.</summary>
    protected void EndExchange(Turn<Saved, Live> turn, ModelHandle model)
    {
        long next = turn.Durable.Exchange + 1;
        turn.Durable = turn.Durable with { Exchange = next, Model = model };
        turn.Persist();
        if (next % GossipSteps == 0)
        {
            turn.Report(ReportKind.RoundCompleted, next / GossipSteps, model);
        }

        BeginExchange(turn);
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after) =>
        after.Volatile.Received.Keys.Any(k => k.Exchange < after.Durable.Exchange) ? "a model of a past round is kept for mixing"
        : after.Volatile.Training != 0 && after.Volatile.Mixing != 0 ? "a round is trained and mixed at once"
        : after.Durable.Exchange < before.Durable.Exchange ? "a round went back"
        : null;

    private static IEnumerable<MixingWeight> Row(Turn<Saved, Live> turn) =>
        turn.Setup.RequireMixing().Row(turn.Setup.IndexOf(turn.Self), turn.Durable.Exchange);

    private static IEnumerable<PeerId> Missing(Turn<Saved, Live> turn) =>
        Row(turn).Select(w => turn.Setup.Roster[w.Node])
            .Where(p => p != turn.Self && !turn.Volatile.Received.ContainsKey((turn.Durable.Exchange, p)));

    // The first exchange of a round begins with training, the others send what the last one gave.
    private void BeginExchange(Turn<Saved, Live> turn)
    {
        long exchange = turn.Durable.Exchange, round = exchange / GossipSteps;
        turn.Volatile = Forget(turn.Volatile) with
        {
            Received = turn.Volatile.Received.RemoveRange(turn.Volatile.Received.Keys.Where(k => k.Exchange < exchange)),
        };
        if (options.Rounds > 0 && round >= options.Rounds)
        {
            return;
        }

        if (exchange % GossipSteps == 0)
        {
            turn.Report(ReportKind.RoundStarted, round);
            turn.Volatile = turn.Volatile with { Training = turn.Train(turn.Durable.Model, round, options.Steps, Rule) };
        }
        else
        {
            SendOut(turn, turn.Durable.Model);
        }
    }

    private void SendOut(Turn<Saved, Live> turn, ModelHandle model)
    {
        turn.Volatile = turn.Volatile with { Half = model };
        Share share = NewShare(turn.Setup, turn.Durable.Exchange, model);
        (TimeSpan wait, string reason) = Wait(turn);
        turn.Report(ReportKind.Deadline, turn.Durable.Exchange / GossipSteps, default, reason);
        foreach (int receiver in turn.Setup.RequireMixing().Receivers(turn.Setup.IndexOf(turn.Self), turn.Durable.Exchange))
        {
            PeerId peer = turn.Setup.Roster[receiver];
            (TimeSpan at, int probes) = turn.Volatile.Probed.GetValueOrDefault(peer);
            bool suspect = IsSuspect(turn, peer);
            if (!suspect || turn.Now - at >= wait * (1 << Math.Min(probes, LongestBackOff)))
            {
                turn.Volatile = turn.Volatile with { Probed = turn.Volatile.Probed.SetItem(peer, (turn.Now, suspect ? probes + 1 : 0)) };
                turn.Send(peer, share);
            }
        }

        turn.SetTimer(new TimerId("deadline", turn.Durable.Exchange), wait);
        MixIfComplete(turn);
    }

    private bool IsSuspect(Turn<Saved, Live> turn, PeerId peer) => turn.Volatile.Missed.GetValueOrDefault(peer) >= options.SuspectAfter;

    // The neighbour with the most neighbours of its own is the one to wait for: its link is shared by as many models.
    private (TimeSpan Time, string Reason) Wait(Turn<Saved, Live> turn) => options.DeadlineSeconds is { } seconds
        ? (TimeSpan.FromSeconds(seconds), FormattableString.Invariant($"{seconds} s as set"))
        : turn.Setup.Estimate.Deadline(Row(turn).Max(w => turn.Setup.RequireMixing().Row(w.Node, turn.Durable.Exchange).Length));

    private void MixIfComplete(Turn<Saved, Live> turn)
    {
        if (turn.Volatile.Half.IsNone || turn.Volatile.Mixing != 0)
        {
            return;
        }

        PeerId[] missing = [.. Missing(turn)];
        if (missing.Length == 0
            || (Array.TrueForAll(missing, p => IsSuspect(turn, p)) && turn.Now - turn.Volatile.HeardAt < Wait(turn).Time))
        {
            turn.CancelTimer(new TimerId("deadline", turn.Durable.Exchange));
            Mix(turn);
        }
    }

    private void Mix(Turn<Saved, Live> turn) =>
        turn.Volatile = turn.Volatile with { Mixing = turn.Aggregate(options.Aggregator.Create(turn.Self), Weigh(turn)) };

    private void JumpTo(Turn<Saved, Live> turn, Share share)
    {
        turn.CancelTrain(turn.Volatile.Training);
        turn.CancelTimer(new TimerId("deadline", turn.Durable.Exchange));
        bool far = share.Round - turn.Durable.Exchange > (long)options.CatchUp * GossipSteps;
        turn.Durable = turn.Durable with { Exchange = share.Round, Model = far ? share.Model : turn.Durable.Model };
        turn.Persist();
        BeginExchange(turn);
    }
}
