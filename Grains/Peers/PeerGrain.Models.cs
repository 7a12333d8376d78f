using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <content>How models travel: whole, or compressed.</content>
internal sealed partial class PeerGrain
{
    /// <summary>Makes a model local and holds it for this peer. One of another shape, or with a number that is not finite, is not to be had.</summary>
    /// <param name="life">This peer's.</param>
    /// <param name="model">The model.</param>
    /// <param name="frame">The message that names it; null = none does.</param>
    private async Task<bool> TakeAsync(Life life, ModelHandle model, PeerFrame? frame)
    {
        if (life.Held.Contains(model))
        {
            return true;
        }

        if (life.Problem is { } problem)
        {
            return TakeVector(life, problem, model, frame?.Vectors ?? []);
        }

        string name = model.ToString();
        PackedModel? small = frame?.Packed?.FirstOrDefault(p => p.Model == name && p.Update.Bytes <= life.ModelBytes);
        if (small is { Base.Length: > 0 } && !await TakeBaseAsync(life, small.Base, frame!))
        {
            small = null;
        }

        long? length = services.Shelf.TryHold(model, life.Bench)
            ?? (small is null ? await FetchAsync(life, model, frame) : await UnpackAsync(life, model, small, frame!));
        if (length is not { } bytes)
        {
            return false;
        }

        if (_life != life || !life.Held.Add(model))
        {
            services.Shelf.Release(model);
            return _life == life;
        }

        life.Counts = life.Counts with
        {
            ModelsReceived = life.Counts.ModelsReceived + 1,
            ModelBytes = life.Counts.ModelBytes + (small?.Update.Bytes ?? bytes),
            WholeBytes = life.Counts.WholeBytes + bytes,
        };
        return true;
    }

    // All models of an island are of one size; one that is said to be larger is not asked for.
    private Task<long?> FetchAsync(Life life, ModelHandle model, PeerFrame? frame)
    {
        string name = model.ToString();
        long bytes = frame?.Models.FirstOrDefault(r => r.Sha256 == name)?.Bytes ?? life.ModelBytes;
        return bytes > 2 * life.ModelBytes
            ? Task.FromResult<long?>(null)
            : services.Shelf.FetchAsync(new ArtifactReference(name, bytes), life.Bench!, Sender(life, frame));
    }

    // Who names a model has it, as a rule: asking all silos for each would cost more than the model.
    private SiloAddress? Sender(Life life, PeerFrame? frame) =>
        frame is not null && life.Peers.TryGetValue(frame.From, out PeerAddress? from) ? services.Hosts.Find(from.Host) : null;

    /// <summary>Takes the model to which an update is a difference; it is kept for the other updates of the round.</summary>
    private async Task<bool> TakeBaseAsync(Life life, string name, PeerFrame frame)
    {
        if (name.Length != 2 * ModelHandle.Size || !name.All(char.IsAsciiHexDigitLower))
        {
            return false;
        }

        ModelHandle start = ModelHandle.FromBytes(Convert.FromHexString(name));
        if (!await TakeAsync(life, start, frame with { Models = [], Packed = null }))
        {
            return false;
        }

        if (!life.Bases.Contains(start))
        {
            life.Bases.Enqueue(start);
            while (life.Bases.Count > Math.Max(1, life.Islands.Aggregators))
            {
                life.Bases.Dequeue(); // let go of after the next step
            }
        }

        return true;
    }

    private async Task<long?> UnpackAsync(Life life, ModelHandle model, PackedModel packed, PeerFrame frame)
    {
        if (await services.Shelf.PullAsync(packed.Update, Sender(life, frame)) is not { } update)
        {
            return null;
        }

        try
        {
            return await life.Bench!.RunAsync<long?>(
                trainer =>
                {
                    byte[]? start = packed.Base.Length == 0 ? null : services.Shelf.Get(ModelHandle.FromBytes(Convert.FromHexString(packed.Base)));
                    byte[] bytes = UpdatePacking.Unpack(trainer, update, start, model);
                    services.Shelf.Put(bytes, maker: life.Bench);
                    return bytes.Length;
                },
                CancellationToken.None);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or OperationCanceledException)
        {
            LogNotUnpacked(_role, _number, e.Message);
            return null;
        }
    }

    /// <summary>The models that a message names, as its receiver gets them; for another host they are in the artifact store.</summary>
    private async Task<(ArtifactReference[] Whole, PackedModel[]? Packed)> OfferAsync(Life life, IEnumerable<ModelHandle> models, bool away)
    {
        ModelHandle initial = life.Machine.Setup.InitialModel;
        ModelHandle[] named = [.. models.Where(m => !m.IsNone && m != initial).Distinct()];
        PackedModel[] packed =
        [
            .. named.Select(m => (Model: m, Update: services.Shelf.PackedOf(m))).Where(p => p.Update is not null).Select(p => new PackedModel(
                p.Model.ToString(),
                new ArtifactReference(p.Update!.Name, p.Update.Bytes.Length),
                p.Update.Base.IsNone ? string.Empty : p.Update.Base.ToString())),
        ];
        if (!away)
        {
            return ([], packed.Length > 0 ? packed : null);
        }

        if (packed.Length > 0)
        {
            ModelHandle[] small = [.. named.Where(m => services.Shelf.PackedOf(m) is not null)];
            await services.Slots.RunAsync(
                Lane.Sampling,
                () =>
                {
                    Array.ForEach(small, m => services.Shelf.StorePacked(m, initial, _run, _role));
                    return true;
                });
            named = [.. named.Except(small)];
        }

        return (await StoreAsync(life, named), packed.Length > 0 ? packed : null);
    }

    /// <summary>Writes what compression left out of an update before the update goes out, so that a crash neither loses it nor adds it twice.</summary>
    private async Task SaveResidualAsync(Life life)
    {
        float[] residual = life.Residual;
        if (ReferenceEquals(residual, life.StoredResidual) || residual.Length == 0)
        {
            return;
        }

        byte[] bytes = ResidualFile.Write(residual, _run, _role, _number);
        (string old, State.Residual) = (State.Residual, (await services.Slots.RunAsync(Lane.Sampling, () => services.Files.Keep(bytes, _run, _role))).Sha256);
        await _row.SaveAsync();
        life.StoredResidual = residual;
        if (old.Length > 0 && old != State.Residual)
        {
            await services.Slots.RunAsync(
                Lane.Sampling,
                () =>
                {
                    services.Files.Delete(old);
                    return true;
                });
        }
    }

    private async Task RecallResidualAsync(Life life)
    {
        if (State.Residual.Length == 0 || !life.Compression.IsDifference)
        {
            return;
        }

        try
        {
            byte[] bytes = await services.Shelf.PullAsync(new ArtifactReference(State.Residual, 2 * life.ModelBytes))
                ?? throw new InvalidDataException("the artifact is lost");
            life.Residual = life.StoredResidual = ResidualFile.Read(bytes);
        }
        catch (InvalidDataException e)
        {
            // Late, not lost for good, is all that error feedback promises; without it this much is lost once.
            LogResidualLost(_role, _number, e.Message);
        }
    }

    [LoggerMessage(EventId = 1060, Level = LogLevel.Warning, Message = "{Role}, peer {Number}: a compressed model was refused: {Reason}")]
    private partial void LogNotUnpacked(string role, int number, string reason);

    [LoggerMessage(EventId = 1061, Level = LogLevel.Warning, Message = "{Role}, peer {Number}: what compression had left out is gone: {Reason}")]
    private partial void LogResidualLost(string role, int number, string reason);
}
