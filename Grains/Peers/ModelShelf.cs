using Microsoft.Extensions.Logging;

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
    /// <param name="maker">The island whose network made it, so that none of its peers here need read it first; null = none.</param>
    public ModelHandle Put(byte[] bytes, PackedUpdate? packed = null, PeerWorkshop.Bench? maker = null)
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

    /// <summary>The bytes of a model that is held.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public byte[] Get(ModelHandle model)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(model)?.Bytes ?? throw new InvalidOperationException($"Model {model} is not held.");
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
}
