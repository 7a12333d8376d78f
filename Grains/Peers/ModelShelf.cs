using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <summary>
/// The models of this silo's peers by their SHA-256: held in memory while a peer or a message needs them, and written to the artifact store
/// only where a durable state names them or another silo must read them. A model that nobody holds stays for a moment, as messages that name it
/// may be under way. What stores blocks on the disk: call it on a slot's thread. The rest takes no time. Thread-safe.
/// </summary>
internal sealed partial class ModelShelf(
    PeerFiles files, ArtifactExchange exchange, SlotPool slots, TimeProvider clock, ILogger<ModelShelf> logger)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // Taken after that of a file, where both are held: so a model that is stored again while its file is being deleted is there afterwards.
    private readonly Lock _lock = new();
    private readonly Dictionary<ModelHandle, Entry> _entries = [];
    private readonly Queue<(ModelHandle Model, long At)> _released = [];
    private bool _sweeping;

    /// <summary>Models on the shelf.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Puts a model on the shelf, and holds it.</summary>
    /// <param name="bytes">The model.</param>
    /// <param name="packed">The form in which it travels; the model to which that is a difference is held as long as this one.</param>
    /// <param name="pulled">The artifact that it was unpacked from; it goes with the model.</param>
    /// <param name="maker">The island whose network made it, so that none of its peers here need read it first; null = none.</param>
    public ModelHandle Put(byte[] bytes, PackedUpdate? packed = null, string? pulled = null, PeerWorkshop.Bench? maker = null)
    {
        ModelHandle model = ModelHandle.OfContent(bytes);
        lock (_lock)
        {
            Entry entry = _entries.TryGetValue(model, out Entry? known) ? known : _entries[model] = new Entry();
            entry.Bytes ??= bytes;
            entry.Holders++;
            if (entry.Packed is null && packed is not null)
            {
                entry.Packed = packed;
                if (_entries.TryGetValue(packed.Base, out Entry? start))
                {
                    start.Holders++;
                    entry.HeldBase = packed.Base;
                }
            }

            entry.StoredUpdate ??= pulled;
            entry.Island = maker?.Island ?? entry.Island;
            return model;
        }
    }

    /// <summary>The form in which a model travels that was compressed on this silo; null = as it is.</summary>
    public PackedUpdate? PackedOf(ModelHandle model)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(model)?.Packed;
        }
    }

    /// <summary>Holds a model that is on the shelf: its length, or null where it is not.</summary>
    /// <param name="model">The model.</param>
    /// <param name="reader">The island whose network must have made it or read it already; null = any model will do.</param>
    public long? TryHold(ModelHandle model, PeerWorkshop.Bench? reader = null)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(model, out Entry? entry) || entry.Bytes is null || (reader is not null && entry.Island != reader.Island))
            {
                return null;
            }

            entry.Holders++;
            return entry.Bytes.Length;
        }
    }

    /// <summary>Brings a model from the artifact store of this silo or another one onto the shelf, and holds it: its length, or null where it is not to be had.</summary>
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

        return await ReadAsync(reference, near, reader, likely, bytes => (long?)HoldRead(model, bytes, reader)).ConfigureAwait(false);
    }

    /// <summary>The bytes of an artifact of this silo or another one; null where it is not to be had.</summary>
    /// <param name="reference">The artifact.</param>
    /// <param name="likely">The silo that is said to have it; null = none.</param>
    public Task<byte[]?> PullAsync(ArtifactReference reference, SiloAddress? likely = null) => ReadAsync(reference, null, null, likely, bytes => bytes);

    /// <summary>The bytes of a model that is held.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public byte[] Get(ModelHandle model)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(model)?.Bytes ?? throw new InvalidOperationException($"Model {model} is not held.");
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

    /// <summary>Lets go of a model that was held once.</summary>
    public void Release(ModelHandle model)
    {
        lock (_lock)
        {
            LetGo(model);
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

    private void LetGo(ModelHandle model)
    {
        if (_entries.TryGetValue(model, out Entry? entry) && --entry.Holders == 0)
        {
            entry.ReleasedAt = clock.GetTimestamp();
            _released.Enqueue((model, entry.ReleasedAt));
            if (!_sweeping)
            {
                _sweeping = true;
                _ = SweepAsync();
            }
        }
    }

    // In one visit to a slot: on a busy silo it waits for a training there.
    private async Task<T?> ReadAsync<T>(ArtifactReference reference, byte[]? near, PeerWorkshop.Bench? reader, SiloAddress? likely, Func<byte[], T> take)
    {
        try
        {
            if (near is null)
            {
                await exchange.FetchAsync(reference, reference.Bytes, likely).ConfigureAwait(false);
            }

            return await slots.RunAsync(
                Lane.Sampling,
                () =>
                {
                    byte[] bytes = near ?? files.Read(reference.Sha256);
                    reader?.Require(bytes);
                    return take(bytes);
                }).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            LogRefused(reference.Sha256, e.Message);
            return default;
        }
        catch (Exception e) when (e is ArtifactException or ObjectDisposedException or OperationCanceledException)
        {
            return default;
        }
    }

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

    private sealed class Entry
    {
        public byte[]? Bytes { get; set; }

        public int Holders { get; set; }

        public bool Stored { get; set; }

        public PackedUpdate? Packed { get; set; }

        public ModelHandle? HeldBase { get; set; }

        /// <summary>The compressed form in this silo's artifact store; null = it is not there.</summary>
        public string? StoredUpdate { get; set; }

        /// <summary>The island whose network made it or read it last; null = none.</summary>
        public string? Island { get; set; }

        /// <summary>When it was let go of for the last time.</summary>
        public long ReleasedAt { get; set; }
    }

    [LoggerMessage(EventId = 1051, Level = LogLevel.Warning, Message = "A model of a peer could not be deleted: {Reason}")]
    private partial void LogNotDeleted(string reason);

    [LoggerMessage(EventId = 1062, Level = LogLevel.Warning, Message = "Model {Sha256} of a peer was refused: {Reason}")]
    private partial void LogRefused(string sha256, string reason);
}
