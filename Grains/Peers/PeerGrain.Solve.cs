using System.Collections.Immutable;

using OrleansDDM.Contracts.Peers;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Solves;
using OrleansDDM.Grains.State;
using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Peers;

/// <content>
/// Peers of a solve: gradients of a convex loss instead of training, vectors of float64 instead of models. As these are small, a state's vectors stand in its
/// row and a message's travel with it: one write stores an exchange whole.
/// </content>
internal sealed partial class PeerGrain
{
    public Task<PeerExport> ExportAsync(bool vectors, CancellationToken cancellation = default) => Task.FromResult(new PeerExport
    {
        Number = _number,
        SpecHash = State.SpecHash,
        Point = _life?.Last?.Point ?? [],
        Gradient = _life?.Last?.Gradient ?? [],
        Loss = _life?.Last?.Loss ?? double.NaN,
        Durable = _row.Stored.Durable,
        Vectors = vectors ? _row.Stored.Vectors : [],
    });

    private async Task BeginSolveAsync(PeerStart start, CancellationToken cancellation)
    {
        SolveSpec spec = SolveSpec.Read(start.Spec);
        if (!IsOfThisIsland(start))
        {
            _row.Value = new PeerGrainState { SpecHash = start.SpecHash, IslandTerm = start.IslandTerm, Term = State.Term };
            _stopped = 0;
        }

        State.Began = start.Began;
        ConvexWorkshop.Bench bench = services.Convex.Open(spec);
        HashSet<ModelHandle> held = [];
        try
        {
            // A term is never used twice, and the solve sees it before any frame bears it.
            State.Term++;
            await _row.SaveAsync();
            ConvexProblem problem = await bench.ProblemAsync(cancellation);
            if (start.Shards != problem.Digest)
            {
                throw new InvalidOperationException(
                    $"Peer {_number} of solve '{_run}' deals the inputs out otherwise than the solve: the data on its host differ. Copy them from the others.");
            }

            ModelHandle initial = services.Shelf.Put(problem.Initial);
            held.Add(initial);
            string[] hosts = [.. start.Roster.Select(p => p.Host).Distinct()];
            DadaoRounds protocol = problem.Protocol(start.TrainSeconds, hosts.Length);
            var estimate = new WorkEstimate(problem.Initial.Length, TransferRates.Assumed, start.TrainSeconds, Origin: "assumed");
            var life = new Life
            {
                Islands = new IslandsSpec { Protocol = protocol.Name },
                Start = start,
                Protocol = protocol,
                Codec = new MessageCodec(protocol),
                Compression = new CompressionOptions(),
                Problem = problem,
                Close = bench.Close,
                Peers = start.Roster.ToImmutableDictionary(p => p.Number),
                Hosts = [.. hosts.Where(h => h != services.Hosts.Own)],
                ModelBytes = estimate.ModelBytes,
                Held = held,
                Machine = protocol.Create(new PeerSetup
                {
                    Self = Self,
                    Seed = spec.Seed,
                    Roster = [.. start.Roster.Select(p => new PeerId((ulong)p.Number))],
                    InitialModel = initial,
                    Mixing = problem.Mixing(),
                    Samples = Math.Max(1, problem.Samples[_number]),
                    Joining = start.Joining,
                    Estimate = estimate,
                    CommonEstimate = estimate,
                }),
            };
            Enter(life, RecallVectors(life, problem));
        }
        catch
        {
            GiveUp(held, bench.Close);
            throw;
        }
    }

    // A peer that forgot what it had exchanged would lead all others to another point than the optimum: rather it does not start.
    private Input RecallVectors(Life life, ConvexProblem problem)
    {
        if (State.Durable.Length == 0)
        {
            return life.Start.Recorded == 0
                ? new Input.Start()
                : throw new InvalidDataException($"The state of peer {_number}, which took part already, is lost. Give the solve up with --force.");
        }

        DurableState durable = life.Codec.DecodeDurable(State.Durable);
        foreach (ModelHandle model in durable.Models.Distinct())
        {
            if (!life.Held.Contains(model) && !TakeVector(life, problem, model, State.Vectors))
            {
                throw new InvalidDataException($"Vector {model} of the last state of peer {_number} is damaged. Give the solve up with --force.");
            }
        }

        life.Now = State.Time;
        return new Input.Recover(durable);
    }

    private async Task TakeGradientAsync(Life life, ConvexProblem problem, Effect.Train train)
    {
        using var stop = new CancellationTokenSource();
        life.Works[train.Work] = stop;
        life.InUse[train.Work] = [train.Model];
        Input answer;
        try
        {
            if (train.Rule is not TrainingRule.Gradient)
            {
                throw new InvalidDataException($"Peers of a solve cannot train by the rule {train.Rule.GetType().Name}.");
            }

            byte[] point = services.Shelf.Get(train.Model);
            (byte[] gradient, double loss, ModelHandle handle) = await services.Slots.RunAsync(
                Lane.Training,
                () =>
                {
                    (byte[] taken, double value) = problem.Gradient(_number, point);
                    return (taken, value, services.Shelf.Put(taken));
                },
                stop.Token);
            if (!Finish(life, train.Work))
            {
                services.Shelf.Release(handle);
                return;
            }

            Hold(life, handle);
            life.Last = (point, gradient, loss);
            life.Counts = life.Counts with { Trainings = life.Counts.Trainings + 1, Samples = life.Counts.Samples + problem.Samples[_number] };
            answer = new Input.Trained(train.Work, handle);
        }
        catch (Exception e)
        {
            if (!Finish(life, train.Work))
            {
                return;
            }

            if (e is not (InvalidDataException or OperationCanceledException or ObjectDisposedException))
            {
                LogCrashed(e, _role, _number);
            }

            answer = new Input.TrainFailed(train.Work, e.Message);
        }

        Enqueue(answer);
    }

    /// <summary>Takes a vector from those that came with a message or a state, or from the shelf, and holds it.</summary>
    private bool TakeVector(Life life, ConvexProblem problem, ModelHandle model, PeerVector[] vectors)
    {
        string name = model.ToString();
        if (services.Shelf.TryHold(model) is null)
        {
            if (vectors.FirstOrDefault(v => v.Name == name) is not { } vector || !VectorBytes.IsVector(vector.Bytes, problem.Dimension)
                || ModelHandle.OfContent(vector.Bytes) != model)
            {
                return false;
            }

            services.Shelf.Put(vector.Bytes);
            life.Counts = life.Counts with
            {
                ModelsReceived = life.Counts.ModelsReceived + 1,
                ModelBytes = life.Counts.ModelBytes + vector.Bytes.Length,
                WholeBytes = life.Counts.WholeBytes + vector.Bytes.Length,
            };
        }

        Hold(life, model);
        return true;
    }

    private PeerVector[] Vectors(Life life, IEnumerable<ModelHandle> models) =>
    [
        .. models.Where(m => !m.IsNone && m != life.Machine.Setup.InitialModel).Distinct().Select(m => new PeerVector(m.ToString(), services.Shelf.Get(m))),
    ];
}
