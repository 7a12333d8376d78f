using Microsoft.Extensions.Logging;

using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Grains.Peers;

/// <content>Inputs and effects.</content>
internal sealed partial class PeerGrain
{
    public async Task DeliverAsync(PeerFrame frame, CancellationToken cancellation = default)
    {
        if (_life is not { } life)
        {
            return;
        }

        bool known = frame.SpecHash == State.SpecHash && life.Peers.ContainsKey(frame.From) && frame.From != _number;
        if (!known || !IsNew(life, frame) || !life.Codec.TryDecode(frame.Bytes, out MessageBody? body, out _) || body is LeaveRequest)
        {
            life.Counts = life.Counts with { Refused = life.Counts.Refused + 1 };
            return;
        }

        ModelHandle[] named = [.. body.Models.Where(m => !m.IsNone).Distinct()];
        long arrival = -++life.Arrivals;
        life.InUse[arrival] = named;
        try
        {
            foreach (ModelHandle model in named)
            {
                if (!await TakeAsync(life, model, frame))
                {
                    // A model that cannot be had makes its message a lost one.
                    life.Counts = life.Counts with { Refused = life.Counts.Refused + 1 };
                    return;
                }
            }
        }
        finally
        {
            life.InUse.Remove(arrival);
        }

        if (_life != life)
        {
            return;
        }

        // While its models came the sender may have died and come back, or the frame have come again.
        if (!IsNew(life, frame))
        {
            life.Counts = life.Counts with { Refused = life.Counts.Refused + 1 };
            return;
        }

        life.Seen[frame.From].Take(frame.Term, frame.Number);
        Enqueue(new Input.Message(new PeerId((ulong)frame.From), body));
    }

    private static bool IsNew(Life life, PeerFrame frame)
    {
        if (!life.Seen.TryGetValue(frame.From, out SeenFrames? seen))
        {
            life.Seen[frame.From] = seen = new SeenFrames();
        }

        return seen.IsNew(frame.Term, frame.Number);
    }

    private void Enqueue(Input input)
    {
        _inbox.Enqueue(input);
        if (_life is { Pumping: false } life)
        {
            life.Pumping = true;
            life.Pump = PumpAsync(life);
        }
    }

    private async Task PumpAsync(Life life)
    {
        // Leaves the caller's turn: what follows runs in turns of its own.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (_life == life && _inbox.TryDequeue(out Input? input))
            {
                await StepAsync(life, input);
            }
        }
        catch (InconsistentStateException e)
        {
            LogSuperseded(_role, _number, e.Message);
            End();
            DeactivateOnIdle();
        }
        catch (Exception e)
        {
            // As good as a crash: the island starts the peer again.
            LogCrashed(e, _role, _number);
            if (_life == life)
            {
                End();
            }
        }
        finally
        {
            life.Pumping = false;
        }
    }

    private async Task StepAsync(Life life, Input input)
    {
        if (input is Input.Trained)
        {
            await SaveResidualAsync(life);
            if (_life != life)
            {
                return;
            }
        }

        TimeSpan now = services.Clock.GetUtcNow() - life.Start.Began;
        life.Now = now = now > life.Now ? now : life.Now;
        Step step = life.Protocol.Handle(life.Machine, input, now);
        life.Machine = step.State;
        Dictionary<MessageBody, byte[]> frames = new(ReferenceEqualityComparer.Instance);
        foreach (Effect effect in step.Effects)
        {
            await CarryAsync(life, effect, frames, now);
            if (_life != life)
            {
                return;
            }
        }

        LetGo(life);
    }

    private async Task CarryAsync(Life life, Effect effect, Dictionary<MessageBody, byte[]> frames, TimeSpan now)
    {
        switch (effect)
        {
            case Effect.Send send when send.To == Self:
                _inbox.Enqueue(new Input.Message(Self, send.Body));
                break;
            case Effect.Send send:
                await SendAsync(life, send, frames);
                break;
            case Effect.Train train:
                _ = TrainAsync(life, train);
                break;
            case Effect.CancelTrain cancel when life.Works.Remove(cancel.Work, out CancellationTokenSource? work):
                await work.CancelAsync();
                break;
            case Effect.Aggregate aggregate:
                _ = AggregateAsync(life, aggregate);
                break;
            case Effect.Fetch fetch:
                _ = FetchAsync(life, fetch);
                break;
            case Effect.SetTimer timer:
                SetTimer(life, timer);
                break;
            case Effect.CancelTimer timer when life.Timers.Remove(timer.Id, out IGrainTimer? set):
                set.Dispose();
                break;
            case Effect.Persist persist when life.Problem is not null:
                State.Vectors = Vectors(life, persist.Durable.Models);
                State.Durable = life.Codec.Encode(persist.Durable);
                State.Time = now;
                await _row.SaveAsync();
                break;
            case Effect.Persist persist:
                ArtifactReference[] models = await StoreAsync(life, persist.Durable.Models);
                if (_life == life)
                {
                    State.Models = [.. models.Select(m => m.Sha256)];
                    State.Durable = life.Codec.Encode(persist.Durable);
                    State.Time = now;
                    await _row.SaveAsync();
                }

                break;
            case Effect.Report report:
                await ReportAsync(life, report);
                break;
        }
    }

    private async Task SendAsync(Life life, Effect.Send send, Dictionary<MessageBody, byte[]> frames)
    {
        if (!life.Peers.TryGetValue((int)Math.Min(send.To.Value, int.MaxValue), out PeerAddress? to) || !services.Hosts.IsUp(to.Host))
        {
            life.Counts = life.Counts with { Unsent = life.Counts.Unsent + 1 };
            return;
        }

        if (!frames.TryGetValue(send.Body, out byte[]? bytes))
        {
            frames[send.Body] = bytes = life.Codec.Encode(send.Body);
        }

        bool away = to.Host != services.Hosts.Own;
        (ArtifactReference[] models, PackedModel[]? packed) = life.Problem is null ? await OfferAsync(life, send.Body.Models, away) : ([], null);
        PeerVector[]? vectors = life.Problem is not null && away ? Vectors(life, send.Body.Models) : null;
        life.Counts = life.Counts with { FramesSent = life.Counts.FramesSent + 1, FrameBytes = life.Counts.FrameBytes + bytes.Length };
        IPeerGrain peer = GrainFactory.GetGrain<IPeerGrain>(GrainKeys.Peer(_run, _role, to.Number, to.Host));
        long number = life.Sent[to.Number] = life.Sent.GetValueOrDefault(to.Number) + 1;
        peer.DeliverAsync(new PeerFrame(State.SpecHash, _number, State.Term, number, bytes, models, packed, vectors)).Ignore();
    }

    /// <summary>Sees to it that models are in the artifact store. The initial one everybody makes anew.</summary>
    private async Task<ArtifactReference[]> StoreAsync(Life life, IEnumerable<ModelHandle> models)
    {
        ModelHandle[] named = [.. models.Where(m => !m.IsNone && m != life.Machine.Setup.InitialModel).Distinct()];
        return Array.TrueForAll(named, services.Shelf.IsStored)
            ? Array.ConvertAll(named, m => services.Shelf.Store(m, _run, _role)) // touches no disk
            : await services.Slots.RunAsync(Lane.Sampling, () => Array.ConvertAll(named, m => services.Shelf.Store(m, _run, _role)));
    }

    private void SetTimer(Life life, Effect.SetTimer set)
    {
        if (life.Timers.Remove(set.Id, out IGrainTimer? old))
        {
            old.Dispose();
        }

        IGrainTimer? timer = null;
        timer = this.RegisterGrainTimer(
            () =>
            {
                if (_life == life && life.Timers.TryGetValue(set.Id, out IGrainTimer? current) && current == timer)
                {
                    life.Timers.Remove(set.Id);
                    timer!.Dispose();
                    Enqueue(new Input.Timer(set.Id));
                }

                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(set.After, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
        life.Timers[set.Id] = timer;
    }

    // Lets go of every model that neither the machine nor what is under way names.
    private void LetGo(Life life)
    {
        HashSet<ModelHandle> needed = [.. life.Machine.Models, .. life.Bases, .. life.InUse.Values.SelectMany(m => m)];
        if (life.Newest is { } newest)
        {
            needed.Add(ModelHandle.FromBytes(Convert.FromHexString(newest.Model.Sha256)));
        }

        foreach (Input input in _inbox)
        {
            needed.UnionWith(input switch
            {
                Input.Message message => message.Body.Models,
                Input.Trained trained => [trained.Model],
                Input.Aggregated aggregated => [aggregated.Model],
                Input.Fetched fetched => [fetched.Model],
                _ => [],
            });
        }

        foreach (ModelHandle model in life.Held.Where(m => !needed.Contains(m)).ToArray())
        {
            life.Held.Remove(model);
            services.Shelf.Release(model);
        }
    }

    [LoggerMessage(EventId = 1052, Level = LogLevel.Warning, Message = "{Role}, peer {Number}: a newer activation has taken over: {Reason}")]
    private partial void LogSuperseded(string role, int number, string reason);

    [LoggerMessage(EventId = 1053, Level = LogLevel.Error, Message = "{Role}, peer {Number} crashed")]
    private partial void LogCrashed(Exception exception, string role, int number);
}
