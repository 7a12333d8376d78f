using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Simulation;

/// <content>Carries out what peers ask for.</content>
public sealed partial class Simulator
{
    private const double AggregateSeconds = 0.001;

    private static readonly ulong TrainFailureRole = CounterRandom.Role("train-failure");
    private static readonly ulong AggregateFailureRole = CounterRandom.Role("aggregate-failure");

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
                TrainWork work = new(peer.Index, train.Model, train.Round, train.Steps, _numbers) { Rule = train.Rule };
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

                ModelHandle result = Fails(AggregateFailureRole, _numbers, Plan.AggregateFailure) ? default : Task.Aggregate(aggregate.Rule, aggregate.Models) ?? default;
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

    private Input Finish(SimulatedPeer peer, long number, TrainWork work)
    {
        ModelHandle? model = Task.Complete(work);
        if (model is not { } trained || Fails(TrainFailureRole, work.Id, Plan.TrainFailure))
        {
            return new Input.TrainFailed(number, model is null ? "the model is not finite" : "a fault of the plan");
        }

        _counts.Trainings++;
        peer.Local.Add(trained);
        return new Input.Trained(number, trained);
    }

    private bool Fails(ulong role, long work, double probability) =>
        CounterRandom.Unit(CounterRandom.Bits(Plan.Seed, role, (ulong)work)) < probability;

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
}
