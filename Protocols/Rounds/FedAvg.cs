using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of FedAvg.</summary>
public sealed record FedAvgOptions : IProtocolOptions
{
    /// <summary>m = clients a round.</summary>
    public int SampleSize { get; init; } = 10;

    /// <summary>Local steps a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Part of the sample that is enough before the deadline, above 0 and at most 1.</summary>
    public double SuccessFraction { get; init; } = 1;

    /// <summary>Seconds until the server goes on with what it has; null = from the work estimate.</summary>
    public double? DeadlineSeconds { get; init; }

    /// <summary>Whether models weigh by samples n_k / n, as in the paper, or all the same.</summary>
    public bool WeightBySamples { get; init; } = true;

    /// <summary>Whether clients are sampled in MoDeST's hash order of round t + 1, to compare the two on equal samples. A retry takes the next ones in it.</summary>
    public bool HashSampling { get; init; }

    /// <summary>How models are averaged.</summary>
    public AggregatorOptions Aggregator { get; init; } = new();

    /// <inheritdoc/>
    public void Validate()
    {
        OptionRange.Within(SampleSize, 1, 1_000_000);
        OptionRange.Steps(Steps);
        OptionRange.Fraction(SuccessFraction);
        OptionRange.Seconds(DeadlineSeconds);
        OptionRange.Aggregator(Aggregator);
    }
}

/// <summary>
/// FedAvg (McMahan et al., AISTATS 2017, Algorithm 1). The first peer of the roster is the server, and a client too:
/// <code>
/// server: w_0 = θ0; for t = 0, 1, 2, ...
///   S_t ← m random clients
///   for each k in S_t in parallel: w^k_{t+1} ← ClientUpdate(k, w_t)
///   w_{t+1} ← Σ_k (n_k / n) w^k_{t+1}
/// ClientUpdate(k, w): local steps on the own shard; return w to the server
/// </code>
/// A round that its deadline ends is closed with the models that came; without any, it is tried again with other clients.
/// The baseline with a server: if that one dies for good, so does the run.
/// </summary>
/// <param name="options">Options.</param>
public sealed partial class FedAvg(FedAvgOptions options) : Protocol<FedAvg.Saved, FedAvg.Live>
{
    /// <inheritdoc/>
    public override string Name => "fedavg";

    /// <inheritdoc/>
    public override byte Code => 1;

    /// <inheritdoc/>
    public override RoundOwner Owner => RoundOwner.FirstPeer;

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new(0, 0, setup.InitialModel);

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn)
    {
        if (turn.Self == Server(turn.Setup))
        {
            BeginAttempt(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn) => OnStart(turn);

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        switch (body)
        {
            case Order order when from == Server(turn.Setup):
                ClientUpdate(turn, order);
                break;
            case Update update when turn.Self == Server(turn.Setup):
                Collect(turn, from, update);
                break;
            default:
                turn.Ignore("unknown message, or not from the server");
                break;
        }
    }

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Training || turn.Volatile.Order is not { } order)
        {
            turn.Ignore("stale training");
            return;
        }

        turn.Volatile = turn.Volatile with { Training = 0 };
        turn.Send(Server(turn.Setup), new Update(order.Round, order.Attempt, turn.Setup.Samples, model));
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work)
    {
        if (work == turn.Volatile.Training)
        {
            turn.Volatile = turn.Volatile with { Training = 0, Order = null };
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        if (timer.Name != "deadline" || timer.Number != turn.Durable.Attempt || turn.Volatile.Aggregating != 0)
        {
            turn.Ignore("stale timer");
            return;
        }

        turn.Report(ReportKind.Deadline, turn.Durable.Round, default, $"{turn.Volatile.Updates.Count} of {turn.Volatile.Sample.Length} models came in time");
        if (turn.Volatile.Updates.IsEmpty)
        {
            BeginAttempt(turn, turn.Volatile.Retries + 1);
        }
        else
        {
            Aggregate(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Aggregating)
        {
            turn.Ignore("stale aggregation");
            return;
        }

        if (!model.IsNone)
        {
            turn.Durable = turn.Durable with { Round = turn.Durable.Round + 1, Model = model };
            turn.Persist();
            turn.Report(ReportKind.RoundCompleted, turn.Durable.Round, model);
        }

        BeginAttempt(turn);
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after) =>
        after.Durable.Round < before.Durable.Round || after.Durable.Round > before.Durable.Round + 1 ? "a round was gone back or closed twice at once"
        : !after.Volatile.Updates.Keys.All(k => after.Volatile.Sample.Contains(k)) ? "a model of a peer outside of the sample is counted"
        : null;

    private static PeerId Server(PeerSetup setup) => setup.Roster[0];

    // S_t ← m random clients; each is sent w_t. Round and attempt are durable first: no number is ever used twice.
    private void BeginAttempt(Turn<Saved, Live> turn, int retries = 0)
    {
        turn.Durable = turn.Durable with { Attempt = turn.Durable.Attempt + 1 };
        turn.Persist();
        long round = turn.Durable.Round;
        ImmutableArray<PeerId> sample = Sample(turn.Setup, round, turn.Durable.Attempt, retries);
        turn.Volatile = turn.Volatile with { Sample = sample, Updates = turn.Volatile.Updates.Clear(), Aggregating = 0, Retries = retries };
        turn.Report(ReportKind.RoundStarted, round);
        foreach (PeerId client in sample)
        {
            turn.Send(client, new Order(round, turn.Durable.Attempt, turn.Durable.Model));
        }

        (TimeSpan time, string reason) = turn.Setup.Estimate.Deadline(2 * sample.Length);
        if (options.DeadlineSeconds is { } seconds)
        {
            time = TimeSpan.FromSeconds(seconds);
        }
        else
        {
            turn.Report(ReportKind.Deadline, round, default, reason);
        }

        turn.SetTimer(new TimerId("deadline", turn.Durable.Attempt), time);
    }

    private ImmutableArray<PeerId> Sample(PeerSetup setup, long round, long attempt, int retries) => options.HashSampling
        ? InOrder(HashOrder.Sort(setup.Roster, round + 1), retries)
        : [.. new CounterStream(setup.Seed, "fedavg-sample", (ulong)attempt).Distinct(options.SampleSize, setup.Roster.Length).Select(i => setup.Roster[i])];

    private ImmutableArray<PeerId> InOrder(ImmutableArray<PeerId> order, int retries)
    {
        int size = Math.Min(options.SampleSize, order.Length);
        return [.. Enumerable.Range(0, size).Select(i => order[(int)((((long)retries * size) + i) % order.Length)])];
    }

    // ClientUpdate(k, w). A newer order ends the work on an older one.
    private void ClientUpdate(Turn<Saved, Live> turn, Order order)
    {
        if (turn.Volatile.Order is { } last && order.Attempt <= last.Attempt)
        {
            turn.Ignore("stale or repeated order");
            return;
        }

        turn.CancelTrain(turn.Volatile.Training);
        turn.Volatile = turn.Volatile with { Order = order, Training = turn.Train(order.Model, order.Round, options.Steps) };
    }

    private void Collect(Turn<Saved, Live> turn, PeerId from, Update update)
    {
        if (update.Attempt != turn.Durable.Attempt || update.Round != turn.Durable.Round || turn.Volatile.Aggregating != 0
            || !turn.Volatile.Sample.Contains(from) || turn.Volatile.Updates.ContainsKey(from))
        {
            turn.Ignore("stale, repeated or uncalled-for update");
            return;
        }

        turn.Volatile = turn.Volatile with { Updates = turn.Volatile.Updates.Add(from, update) };
        if (turn.Volatile.Updates.Count >= Math.Ceiling(options.SuccessFraction * turn.Volatile.Sample.Length))
        {
            turn.CancelTimer(new TimerId("deadline", turn.Durable.Attempt));
            Aggregate(turn);
        }
    }

    // w_{t+1} ← Σ_k (n_k / n) w^k_{t+1}.
    private void Aggregate(Turn<Saved, Live> turn) => turn.Volatile = turn.Volatile with
    {
        Aggregating = turn.Aggregate(
            options.Aggregator.Create(null),
            turn.Volatile.Updates.Select(u => new Contribution(u.Key, u.Value.Model, options.WeightBySamples ? Math.Max(1, u.Value.Samples) : 1))),
    };
}
