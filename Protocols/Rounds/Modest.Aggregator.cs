using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Rounds;

/// <content>What an aggregator of round k does.</content>
public sealed partial class Modest
{
    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (turn.Volatile.Collection is not { } collection || collection.Work != work)
        {
            turn.Ignore("stale aggregation");
            return;
        }

        long round = turn.Durable.AggregateRound;
        if (model.IsNone)
        {
            // The round is not had, and pongs say so: its trainers send their models again, not before their patience is over.
            turn.Volatile = turn.Volatile with { Collection = null };
            turn.Report(ReportKind.WorkFailed, round, model, "the models cannot be aggregated");
            return;
        }

        turn.Volatile = turn.Volatile with { Collection = collection with { Done = true, Work = 0 } };
        if (turn.Durable.LastRound >= round)
        {
            turn.Report(ReportKind.WorkFailed, round, model, "another aggregator was faster");
            return;
        }

        turn.Durable = turn.Durable with { LastRound = round, LastModel = model };
        turn.Persist();
        turn.Report(ReportKind.RoundCompleted, round, model);
        turn.Volatile = turn.Volatile with { Custody = new Custody(round, model, [], turn.Now) };
        BeginSampleSearch(turn, round);
        AdvanceSearches(turn);
    }

    private void OnTrainedModel(Turn<Saved, Live> turn, PeerId from, TrainedModel trained)
    {
        long round = trained.Round;
        bool fresh = round > turn.Durable.AggregateRound
            || (round == turn.Durable.AggregateRound && turn.Volatile.Collection is null && turn.Durable.LastRound < round);
        if (fresh)
        {
            // if k > k_agg: k_agg = k; Θ = {}.
            turn.Durable = turn.Durable with { AggregateRound = round };
            turn.Persist();
            turn.Volatile = turn.Volatile with
            {
                Collection = new Collection(ImmutableSortedDictionary<PeerId, (ModelHandle, long)>.Empty, trained.Sample, turn.Now),
                SampleSearch = null,
                Custody = null,
            };
            if (!WaitsForEver)
            {
                turn.Report(ReportKind.Deadline, round, default, AggregationDeadline(turn).Reason);
                turn.SetTimer(new TimerId("collection", round), PingTime / 2);
            }
        }

        if (round < turn.Durable.AggregateRound || turn.Volatile.Collection is not { Done: false, Work: 0 } collection)
        {
            turn.Ignore("a model for a round that is aggregated already");
            if (turn.Volatile.Collection is not { Work: > 0 } || round < turn.Durable.AggregateRound)
            {
                turn.Send(from, new Acknowledge(round));
            }

            return;
        }

        // Θ += θ'.
        turn.Volatile = turn.Volatile with
        {
            Collection = collection with
            {
                Models = collection.Models.SetItem(from, (trained.Model, trained.Base)),
                Sample = collection.Sample.IsEmpty ? trained.Sample : collection.Sample,
            },
        };
        AggregateIfEnough(turn);
    }

    // |Θ| ≥ sf·s, or every member of the sample that is alive has sent.
    private void AggregateIfEnough(Turn<Saved, Live> turn)
    {
        if (turn.Volatile.Collection is not { Work: 0, Done: false, Sample.IsEmpty: false } collection)
        {
            return;
        }

        int wanted = (int)Math.Ceiling(options.SuccessFraction * (WaitsForEver ? options.SampleSize : collection.Sample.Length));
        int possible = collection.Models.Count + collection.Sample.Count(p => !collection.Models.ContainsKey(p) && !turn.Volatile.Suspects.Contains(p));
        if (collection.Models.Count >= (WaitsForEver ? wanted : Math.Min(wanted, possible)))
        {
            Aggregate(turn, collection);
        }
    }

    // θ̄ = uniform mean(Θ), of the newest round in Θ.
    private void Aggregate(Turn<Saved, Live> turn, Collection collection)
    {
        turn.CancelTimer(new TimerId("collection", turn.Durable.AggregateRound));
        long newest = collection.Models.Values.Max(m => m.Base);
        IEnumerable<Contribution> models =
            collection.Models.Where(m => m.Value.Base == newest).Select(m => new Contribution(m.Key, m.Value.Model, 1));
        turn.Volatile = turn.Volatile with { Collection = collection with { Work = turn.Aggregate(options.Aggregator.Create(null), models) } };
    }

    private void SampleFound(Turn<Saved, Live> turn, ImmutableArray<PeerId> sample)
    {
        if (turn.Volatile.Custody is not { } custody)
        {
            return;
        }

        turn.Volatile = turn.Volatile with { Custody = custody with { Sample = sample, Since = turn.Now } };
        TrainOrder order = new(custody.Round, custody.Model, sample, turn.Durable.View);
        foreach (PeerId member in sample)
        {
            turn.Send(member, order);
        }

        foreach (PeerId trainer in turn.Volatile.Collection?.Models.Keys ?? [])
        {
            turn.Send(trainer, new Acknowledge(custody.Round));
        }

        FlushPending(turn);
        if (!WaitsForEver)
        {
            turn.SetTimer(new TimerId("custody", custody.Round), PingTime);
        }
    }
}
