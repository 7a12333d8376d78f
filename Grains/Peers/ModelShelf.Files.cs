using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <content>The shelf and the artifact store: what comes from there, what is written to it, and the sweeping of what nobody holds any more.</content>
internal sealed partial class ModelShelf
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Brings a model from the artifact store of this silo or another one onto the shelf, and holds it: its length, or null where it is not to be had.
    /// One from another silo is not written here.
    /// </summary>
    /// <param name="reference">The model.</param>
    /// <param name="reader">The island whose network must be able to read it: what it cannot is not to be had; null = any model will do.</param>
    /// <param name="likely">The silo that is said to have it; null = none.</param>
    public async Task<long?> FetchAsync(ArtifactReference reference, PeerWorkshop.Bench? reader, SiloAddress? likely = null)
    {
        ModelHandle model = ModelHandle.FromBytes(Convert.FromHexString(reference.Sha256));
        if (TryHold(model, reader) is { } length)
        {
            return length;
        }

        byte[]? near;
        lock (_lock)
        {
            near = _entries.GetValueOrDefault(model)?.Bytes;
        }

        try
        {
            byte[] bytes = near ?? await exchange.TakeAsync(reference, reference.Bytes, likely).ConfigureAwait(false);
            return await slots.RunAsync(
                Lane.Sampling,
                () =>
                {
                    reader?.Require(bytes);
                    return (long?)HoldRead(model, bytes, reader);
                }).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            LogRefused(reference.Sha256, e.Message);
            return null;
        }
        catch (Exception e) when (IsNotToBeHad(e))
        {
            return null;
        }
    }

    /// <summary>The bytes of an artifact of this silo or another one; null where it is not to be had.</summary>
    /// <param name="reference">The artifact.</param>
    /// <param name="likely">The silo that is said to have it; null = none.</param>
    public async Task<byte[]?> PullAsync(ArtifactReference reference, SiloAddress? likely = null)
    {
        try
        {
            return await exchange.TakeAsync(reference, reference.Bytes, likely).ConfigureAwait(false);
        }
        catch (Exception e) when (IsNotToBeHad(e))
        {
            return null;
        }
    }

    /// <summary>Whether a model is in the artifact store too, as far as the shelf knows.</summary>
    public bool IsStored(ModelHandle model)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(model, out Entry? entry) && entry.Stored;
        }
    }

    /// <summary>Writes a held model to the artifact store, so that it survives a crash and other silos can read it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run that owns it.</param>
    /// <param name="role">Its island; see <see cref="PeerFiles.Forget"/>.</param>
    public ArtifactReference Store(ModelHandle model, string run, string role)
    {
        byte[] bytes = Get(model);
        if (IsStored(model))
        {
            return new ArtifactReference(model.ToString(), bytes.Length);
        }

        lock (files.Of(model.ToString()))
        {
            ArtifactReference reference = files.Keep(bytes, run, role);
            lock (_lock)
            {
                if (_entries.TryGetValue(model, out Entry? entry))
                {
                    entry.Stored = true;
                }
            }

            return reference;
        }
    }

    /// <summary>Writes the form in which a held model travels to the artifact store, and the model to which it is a difference.</summary>
    /// <param name="model">A model that was compressed on this silo.</param>
    /// <param name="initial">The common initial model, which everybody makes anew.</param>
    /// <param name="run">The run that owns it.</param>
    /// <param name="role">Its island.</param>
    public void StorePacked(ModelHandle model, ModelHandle initial, string run, string role)
    {
        PackedUpdate packed;
        lock (_lock)
        {
            Entry entry = _entries[model];
            packed = entry.Packed!;
            if (entry.StoredUpdate is not null)
            {
                return;
            }
        }

        if (!packed.Base.IsNone && packed.Base != initial)
        {
            Store(packed.Base, run, role);
        }

        lock (files.Of(packed.Name))
        {
            files.Keep(packed.Bytes, run, role);
            lock (_lock)
            {
                if (_entries.TryGetValue(model, out Entry? entry))
                {
                    entry.StoredUpdate = packed.Name;
                }
            }
        }
    }

    private long HoldRead(ModelHandle model, byte[] bytes, PeerWorkshop.Bench? reader)
    {
        string name = model.ToString();
        lock (files.Of(name))
        {
            // It may have been deleted since it was read.
            bool stored = files.Contains(name);
            lock (_lock)
            {
                Entry entry = _entries.TryGetValue(model, out Entry? known) ? known : _entries[model] = new Entry();
                entry.Stored |= stored;
                entry.Island = reader?.Island ?? entry.Island;
                entry.Bytes ??= bytes;
                entry.Holders++;
            }
        }

        return bytes.Length;
    }

    private static bool IsNotToBeHad(Exception e) => e is ArtifactException or ObjectDisposedException or OperationCanceledException;

    private async Task SweepAsync()
    {
        bool more = true;
        while (more)
        {
            await Task.Delay(Grace, clock).ConfigureAwait(false);
            try
            {
                more = await slots.RunAsync(Lane.Sampling, Sweep).ConfigureAwait(false);
            }
            catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
            {
                return; // the silo is going
            }
            catch (Exception e)
            {
                // What could not be deleted goes with the island; the shelf must go on being cleared.
                LogNotDeleted(e.Message);
            }
        }
    }

    // Whether any released model is left.
    private bool Sweep()
    {
        List<string> stored = [];
        bool more;
        lock (_lock)
        {
            while (_released.TryPeek(out (ModelHandle Model, long At) oldest) && clock.GetElapsedTime(oldest.At) >= Grace)
            {
                _released.Dequeue();
                if (_entries.TryGetValue(oldest.Model, out Entry? entry) && entry.Holders <= 0 && entry.ReleasedAt == oldest.At)
                {
                    _entries.Remove(oldest.Model);
                    if (entry.Stored)
                    {
                        stored.Add(oldest.Model.ToString());
                    }

                    if (entry.StoredUpdate is { } update)
                    {
                        stored.Add(update);
                    }

                    if (entry.HeldBase is { } start)
                    {
                        LetGo(start);
                    }
                }
            }

            more = _sweeping = _released.Count > 0;
        }

        stored.ForEach(DeleteUnlessBack);
        return more;
    }

    private void DeleteUnlessBack(string name)
    {
        lock (files.Of(name))
        {
            bool back;
            lock (_lock)
            {
                back = (_entries.TryGetValue(ModelHandle.FromBytes(Convert.FromHexString(name)), out Entry? entry) && entry.Stored)
                    || _entries.Values.Any(e => e.StoredUpdate == name);
            }

            if (!back)
            {
                files.Delete(name);
            }
        }
    }

    [LoggerMessage(EventId = 1051, Level = LogLevel.Warning, Message = "A model of a peer could not be deleted: {Reason}")]
    private partial void LogNotDeleted(string reason);

    [LoggerMessage(EventId = 1062, Level = LogLevel.Warning, Message = "Model {Sha256} of a peer was refused: {Reason}")]
    private partial void LogRefused(string sha256, string reason);
}
