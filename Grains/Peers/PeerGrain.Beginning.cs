using System.Collections.Immutable;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.State;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Peers;

/// <content>How a peer of an island begins, anew or with what it had stored.</content>
internal sealed partial class PeerGrain
{
    private async Task BeginAsync(PeerStart start, CancellationToken cancellation)
    {
        RunSpec spec = SpecJson.Read(start.Spec);
        if (!IsOfThisIsland(start))
        {
            _row.Value = new PeerGrainState { SpecHash = start.SpecHash, IslandTerm = start.IslandTerm, Term = State.Term };
            _stopped = 0;
        }

        State.Began = start.Began;
        IProtocol protocol = IslandProtocols.Create(spec.Islands, start.TrainSeconds, start.Roster.Length);
        ModelRole role = ModelRole.Parse(_role);
        PeerWorkshop.Bench bench = services.Workshop.Open(spec, start.SpecHash, role);
        HashSet<ModelHandle> held = [];
        try
        {
            // A term is never used twice, and the island sees it before any frame bears it.
            State.Term++;
            await _row.SaveAsync();
            await AdoptAsync(spec, cancellation);
            IslandPlan plan = await bench.PlanAsync(cancellation);
            if (start.Shards.Length > 0 && start.Shards != plan.Digest)
            {
                throw new InvalidOperationException(
                    $"Peer {_number} of {_role} comes to another plan than its island: the data, islands.shardsFile or islands.topologyFile on its host differ. Copy them from the others.");
            }

            ModelHandle initial = services.Shelf.Put(await bench.RunAsync(t => t.Initial(), cancellation), maker: bench);
            held.Add(initial);
            if (initial.ToString() != start.Initial)
            {
                throw new InvalidOperationException(
                    $"Peer {_number} makes another initial model of {_role} than its island: the software or the processor of its host differs.");
            }

            var estimate = new WorkEstimate(services.Shelf.Get(initial).Length, TransferRates.Assumed, start.TrainSeconds, Origin: "assumed");
            ImmutableArray<PeerId> roster = [.. start.Roster.Select(p => new PeerId((ulong)p.Number))];
            var life = new Life
            {
                Islands = spec.Islands,
                Start = start,
                Protocol = protocol,
                Codec = new MessageCodec(protocol),
                Compression = UpdatePacking.Options(spec.Islands),
                Bench = bench,
                Plan = plan,
                Close = bench.Close,
                Peers = start.Roster.ToImmutableDictionary(p => p.Number),
                Hosts = [.. start.Roster.Select(p => p.Host).Where(h => h != services.Hosts.Own).Distinct()],
                ModelBytes = estimate.ModelBytes,
                Held = held,
                Machine = protocol.Create(new PeerSetup
                {
                    Self = Self,
                    Seed = CounterRandom.Bits(spec.Seed, CounterRandom.Role(_role)),
                    Roster = roster,
                    InitialModel = initial,
                    Mixing = plan.Mixing,
                    Samples = Math.Max(1, plan.Samples[_number]),
                    Joining = start.Joining,
                    Estimate = estimate,
                    CommonEstimate = estimate,
                }),
            };
            Input first = await RecallAsync(life);
            await RecallResidualAsync(life);

            Enter(life, first);
        }
        catch
        {
            GiveUp(held, bench.Close);
            throw;
        }
    }

    private void Enter(Life life, Input first)
    {
        // A stop may have come meanwhile.
        RequireNewest(life.Start);
        _life = life;
        _inbox.Clear();
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        Enqueue(first);
    }

    private void GiveUp(IEnumerable<ModelHandle> held, Action close)
    {
        foreach (ModelHandle model in held)
        {
            services.Shelf.Release(model);
        }

        close();
    }

    private async Task AdoptAsync(RunSpec spec, CancellationToken cancellation)
    {
        try
        {
            await services.Imagery.AdoptAsync(spec, cancellation);
        }
        catch (DatasetException e)
        {
            throw new DataUnavailableException($"{services.Hosts.Own}: {e.Message}") { IsMissing = e.IsNotFound };
        }
    }

    /// <summary>What the peer comes back with: its durable state, if there is one whose models are still to be had.</summary>
    private async Task<Input> RecallAsync(Life life)
    {
        if (State.Durable.Length == 0)
        {
            return new Input.Start();
        }

        try
        {
            DurableState durable = life.Codec.DecodeDurable(State.Durable);
            foreach (ModelHandle model in durable.Models.Where(m => !m.IsNone && !life.Held.Contains(m)).Distinct().ToArray())
            {
                _ = await services.Shelf.FetchAsync(new ArtifactReference(model.ToString(), life.ModelBytes), life.Bench!)
                    ?? throw new InvalidDataException($"Model {model} of its last state is lost or cannot be read.");
                life.Held.Add(model);
            }

            life.Now = State.Time;
            return new Input.Recover(durable);
        }
        catch (InvalidDataException e)
        {
            LogForgotten(_role, _number, e.Message);
            life.Machine = life.Machine with { Setup = life.Machine.Setup with { Joining = true } };
            return new Input.Start();
        }
    }
}
