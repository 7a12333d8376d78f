using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <content>Work on slots: training, aggregation, fetching.</content>
internal sealed partial class PeerGrain
{
    // Rounds beyond the plan are not trained and not answered: the island is about to be stopped.
    private async Task TrainAsync(Life life, Effect.Train train)
    {
        if (life.Problem is { } problem)
        {
            await TakeGradientAsync(life, problem, train);
            return;
        }

        long round = train.Round - life.Protocol.FirstRound;
        bool shared = life.Protocol.IsShared;
        if (shared && round >= life.Plan!.Training.Rounds)
        {
            return;
        }

        using var stop = new CancellationTokenSource();
        life.Works[train.Work] = stop;
        life.InUse[train.Work] = [train.Model];
        Input answer;
        try
        {
            long from = services.Clock.GetTimestamp();
            byte[] model = services.Shelf.Get(train.Model);
            double radius = train.Rule switch
            {
                TrainingRule.Steps => 0,
                TrainingRule.SharpnessAware sharp => sharp.Radius,
                _ => throw new InvalidDataException($"Peers of islands cannot train by the rule {train.Rule.GetType().Name}."),
            };
            PeerMoments? moments = life.Islands.Moments == "carried" ? life.Moments : null;
            CancellationToken token = stop.Token;
            float[] residual = life.Residual;
            (PeerTraining trained, ModelHandle handle, float[] left) = await life.Bench!.RunAsync(
                trainer =>
                {
                    PeerTraining done = trainer.Train(model, _number, round, train.Steps, moments, radius, token);
                    if (life.Compression.Kind == "none")
                    {
                        return (done, services.Shelf.Put(done.Model, maker: life.Bench), []);
                    }

                    PackedTraining packed = UpdatePacking.Pack(trainer, life.Compression, model, done.Model, residual);
                    return (done, services.Shelf.Put(packed.Model, packed.Update, maker: life.Bench), packed.Residual);
                },
                token);
            if (!Finish(life, train.Work))
            {
                services.Shelf.Release(handle);
                return;
            }

            Hold(life, handle);
            life.Moments = trained.Moments;
            life.Residual = left;
            Measure(life, services.Clock.GetElapsedTime(from).TotalSeconds, trained.Model.Length);
            life.Counts = life.Counts with { Trainings = life.Counts.Trainings + 1, Samples = life.Counts.Samples + trained.Samples };
            Tell(life, -1, null, trained.Loss);
            answer = new Input.Trained(train.Work, handle);
        }
        catch (Exception e)
        {
            if (!Finish(life, train.Work))
            {
                return;
            }

            if (e is not (TrainingDivergedException or InvalidDataException or OperationCanceledException or ObjectDisposedException))
            {
                LogCrashed(e, _role, _number);
            }

            answer = new Input.TrainFailed(train.Work, e.Message);
        }

        Enqueue(answer);
    }

    private async Task AggregateAsync(Life life, Effect.Aggregate aggregate)
    {
        using var stop = new CancellationTokenSource();
        life.Works[aggregate.Work] = stop;
        life.InUse[aggregate.Work] = [.. aggregate.Models.Select(m => m.Model)];
        ModelHandle result = default;
        try
        {
            Contribution[] models = [.. aggregate.Models.Select(m => Weighted(life, m))];
            result = life.Problem is { } problem
                ? await services.Slots.RunAsync(Lane.Training, () => services.Shelf.Put(problem.Combine(aggregate.Rule, models, services.Shelf.Get)), stop.Token)
                : await life.Bench!.RunAsync(
                    trainer => services.Shelf.Put(trainer.Write(PeerAggregation.Of(aggregate.Rule, models, services.Shelf.Get, trainer)), maker: life.Bench), stop.Token);
        }
        catch (Exception e)
        {
            // Whatever it was, the protocol is told: it would wait for ever.
            LogUnmixed(_role, _number, e.Message);
        }

        if (!Finish(life, aggregate.Work))
        {
            if (!result.IsNone)
            {
                services.Shelf.Release(result);
            }

            return;
        }

        if (!result.IsNone)
        {
            Hold(life, result);
        }

        Enqueue(new Input.Aggregated(aggregate.Work, result));
    }

    private async Task FetchAsync(Life life, Effect.Fetch fetch)
    {
        bool local = await TakeAsync(life, fetch.Model, null);
        if (_life == life)
        {
            Enqueue(local ? new Input.Fetched(fetch.Work, fetch.Model) : new Input.FetchFailed(fetch.Work, "it is nowhere to be had"));
        }
    }

    /// <summary>Ends a piece of work; false = nobody waits for it any more.</summary>
    private bool Finish(Life life, long work)
    {
        life.InUse.Remove(work);
        return life.Works.Remove(work) && _life == life;
    }

    // Where the shelf holds a model for this peer already, once is enough.
    private void Hold(Life life, ModelHandle model)
    {
        if (!life.Held.Add(model))
        {
            services.Shelf.Release(model);
        }
    }

    // MoDeST's paper weighs models alike; shards differ in size, and a peer counts by what it holds of the cluster.
    private static Contribution Weighted(Life life, Contribution contribution) =>
        life.Islands is { Protocol: "modest", Weighting: "samples" } && life.Peers.TryGetValue((int)contribution.From.Value, out var peer)
            ? contribution with { Weight = contribution.Weight * Math.Max(1, peer.Samples) }
            : contribution;

    // Deadlines follow what trainings take here, waiting for a slot included, and how fast models come.
    private void Measure(Life life, double seconds, long bytes)
    {
        WorkEstimate estimate = RoundEstimate.After(life.Machine.Setup.Estimate, life.TrainSeconds, seconds, bytes, services.Rates.Slowest(Sources(life)));
        life.TrainSeconds = estimate.TrainSeconds;
        life.Machine = life.Machine with { Setup = life.Machine.Setup with { Estimate = estimate } };
    }

    private IEnumerable<(string Name, SiloAddress Silo)> Sources(Life life) => life.Hosts
        .Select(h => (Name: h, Silo: services.Hosts.Find(h)))
        .Where(h => h.Silo is not null)
        .Select(h => (h.Name, h.Silo!));

    [LoggerMessage(EventId = 1057, Level = LogLevel.Warning, Message = "{Role}, peer {Number}: models could not be aggregated: {Reason}")]
    private partial void LogUnmixed(string role, int number, string reason);
}
