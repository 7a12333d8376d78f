using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>
/// MoDeST (de Vos et al., arXiv 2302.13837): each round a fresh sample of s peers trains and a peers aggregate; everyone derives both from a
/// hash order of its own view of the membership, and pings skip the dead.
/// <code>
/// Sample(k, cnt)   first cnt peers alive in the order MD5(id-k) of the candidates   Modest.Search.cs
/// start            if self in first s of order 1: TrainOrder(1, θ0)
/// TrainOrder k,θ   if k > k_train: k_train = k; train θ → θ'; A = Sample(k+1, a); send TrainedModel(k+1, θ') to A
/// TrainedModel k   if k > k_agg: k_agg = k, Θ = {};  Θ += θ';  when enough: θ̄ = mean Θ; S = Sample(k, s); send TrainOrder(k, θ̄) to S
/// all messages     merge views, lastActive[from] = max(.., k)                        Modest.Membership.cs
/// </code>
/// What the paper leaves open and this adds. (1) Views are a CRDT: counters are compared, activity never lands in them. (2) The sample travels
/// with the models, so an aggregator knows whom it waits for; members that do not answer pings are not waited for, slow ones until a deadline.
/// (3) Whoever holds a model keeps it until the next holder is seen to have it: a dead aggregator is replaced by the next in order, a dead sample
/// by another, a lost message is sent again; a holder that is back at once does its part again. (4) Heartbeats compare views and notice a round whose holders all died: the peers that see it
/// hand in the newest aggregate that they know. (5) Pings run in parallel and ahead. (6) JOIN is answered with a view.
/// <para>
/// Any message is a sign of life, a repeated one too: lastActive[from] = max(.., k, own estimate) as in the paper's code, for frames carry no number.
/// So a repeated Ping, Pong, JOIN, Acknowledge or view of a peer that died makes it a candidate until pings find it dead again, and is not counted as
/// ignored. It changes no round, counter, membership or model, and no estimate of the round. A JOIN below the known counter may come from a peer
/// that lost its memory; it must be answered. Transports that may repeat frames later than a ping takes should drop them: <c>PeerGrain</c> does.
/// </para>
/// </summary>
/// <param name="options">Options.</param>
public sealed partial class Modest(ModestOptions options) : Protocol<Modest.Saved, Modest.Live>
{
    private Founders? _founders;

    /// <inheritdoc/>
    public override string Name => "modest";

    /// <inheritdoc/>
    public override byte Code => 5;

    /// <inheritdoc/>
    public override RoundOwner Owner => RoundOwner.AnyPeer;

    /// <inheritdoc/>
    public override long FirstRound => 1;

    private TimeSpan PingTime => TimeSpan.FromSeconds(options.PingSeconds);

    private bool WaitsForEver => options.AggregationSeconds < 0;

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn)
    {
        BeginHeartbeats(turn);
        if (turn.Setup.Joining)
        {
            turn.Persist();
            AdvertiseToSome(turn, left: false);
            return;
        }

        ImmutableArray<PeerId> first = Founding(turn.Setup).FirstSample;
        if (first.Contains(turn.Self))
        {
            Train(turn, 1, turn.Setup.InitialModel, first);
        }
    }

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        if (turn.Setup.IndexOf(from) < 0)
        {
            turn.Ignore("not a peer of this island");
            return;
        }

        if (!IsBelievable(turn, body))
        {
            turn.Ignore("a round or counter that nobody can have reached yet");
            return;
        }

        Hear(turn, from);
        switch (body)
        {
            case Ping ping:
                OnPing(turn, from, ping);
                break;
            case Pong pong:
                Touch(turn, from, pong.Round);
                SendAgainIfLost(turn, from, pong);
                break;
            case TrainOrder order when order.Sample.Contains(turn.Self):
                Merge(turn, order.View);
                Touch(turn, from, order.Round);
                OnTrainOrder(turn, order);
                break;
            case TrainedModel trained when trained.Base < trained.Round:
                Merge(turn, trained.View);
                Touch(turn, from, trained.Base);
                OnTrainedModel(turn, from, trained);
                break;
            case Acknowledge acknowledge:
                Touch(turn, from, acknowledge.Round);
                DropHandover(turn, acknowledge.Round);
                break;
            case Advertise advertise:
                OnAdvertise(turn, from, advertise);
                break;
            case ShareView share:
                OnShareView(turn, from, share);
                break;
            default:
                turn.Ignore("unknown message, or not for this peer");
                break;
        }

        AdvanceSearches(turn);
        NoteProgress(turn);
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        switch (timer.Name)
        {
            case "ping":
                OnPingTimer(turn, timer.Number);
                break;
            case "heartbeat":
                OnHeartbeat(turn);
                break;
            case "resume":
                ResumeRound(turn);
                break;
            case "handover" when turn.Volatile.Handover is { } handover && handover.Round == timer.Number:
                WatchAggregators(turn, handover);
                break;
            case "collection" when turn.Durable.AggregateRound == timer.Number && turn.Volatile.Collection is { Work: 0, Done: false } collection:
                WatchTrainers(turn, collection);
                break;
            case "custody" when turn.Volatile.Custody is { } custody && custody.Round == timer.Number:
                WatchSample(turn, custody);
                break;
            default:
                turn.Ignore("stale timer");
                break;
        }

        AdvanceSearches(turn);
        NoteProgress(turn);
    }

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (turn.Volatile.Training is not { } training || training.Work != work)
        {
            turn.Ignore("stale training");
            return;
        }

        // A = Sample(k+1, a); the model goes to them when they are found.
        long round = turn.Durable.TrainRound;
        turn.Volatile = turn.Volatile with { Training = null };
        FlushPending(turn);
        HandOver(turn, new Handover(round + 1, round, model, training.Sample, [], turn.Now));
        AdvanceSearches(turn);
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work)
    {
        // Hands in what it got: the others must not wait for a peer that is there but cannot train.
        if (turn.Volatile.Training is { } training && training.Work == work)
        {
            OnTrained(turn, work, training.Model);
        }
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after)
    {
        (Saved old, Saved now) = (before.Durable, after.Durable);
        return now.TrainRound < old.TrainRound || now.AggregateRound < old.AggregateRound || now.LastRound < old.LastRound
                || now.Counter < old.Counter ? "a round or the counter went back"
            : Forgot(old.View, now.View) ? "the view forgot something"
            : after.Volatile.Handover is { } h && h.Base >= h.Round ? "a model is handed to its own round"
            : null;
    }

    // The full comparison is for small islands: it would make every step of a large one as dear as its view is long.
    private static bool Forgot(MembershipView old, MembershipView now) =>
        !ReferenceEquals(old, now) && (now.Latest < old.Latest || now.Ids.Length < old.Ids.Length || (old.Ids.Length <= 32
            && old.Members.Any(m => now[m.Key] is not { } n || n.Counter < m.Value.Counter || n.LastActive < m.Value.LastActive)));

    private void OnTrainOrder(Turn<Saved, Live> turn, TrainOrder order)
    {
        if (order.Round <= turn.Durable.TrainRound)
        {
            turn.Ignore("stale or repeated order to train");
            return;
        }

        Train(turn, order.Round, order.Model, order.Sample);
    }

    // if k > k_train: k_train = k; cancel running training; train θ → θ'.
    private void Train(Turn<Saved, Live> turn, long round, ModelHandle model, ImmutableArray<PeerId> sample)
    {
        turn.CancelTrain(turn.Volatile.Training?.Work ?? 0);
        turn.Durable = turn.Durable with { TrainRound = round };
        if (round > turn.Durable.LastRound)
        {
            turn.Durable = turn.Durable with { LastRound = round, LastModel = model };
        }

        turn.Persist();
        DropHandover(turn, round);
        turn.Report(ReportKind.RoundStarted, round, model);
        turn.Volatile = turn.Volatile with { Training = new Training(turn.Train(model, round, options.Steps), model, sample) };
    }

    private void AggregatorsFound(Turn<Saved, Live> turn, ImmutableArray<PeerId> aggregators)
    {
        if (turn.Volatile.Handover is not { } handover)
        {
            return;
        }

        turn.Volatile = turn.Volatile with { Handover = handover with { SentTo = handover.SentTo.Union(aggregators), Since = turn.Now } };
        TrainedModel message = new(handover.Round, handover.Base, handover.Model, handover.Sample, turn.Durable.View);
        foreach (PeerId aggregator in aggregators.Where(a => !handover.SentTo.Contains(a)))
        {
            turn.Send(aggregator, message);
        }

        if (!WaitsForEver)
        {
            turn.SetTimer(new TimerId("handover", handover.Round), PingTime / 2);
        }
    }
}
