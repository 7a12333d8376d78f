using System.Collections.Concurrent;

using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Peers;

/// <summary>
/// Where the peers of this silo train: for each island one prepared network on each slot, through which the models of all its peers on this silo pass,
/// so that local training does not spend its time on preparing.
/// </summary>
internal sealed class PeerWorkshop(ILearningRuntime runtime, SlotPool slots)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Bench> _benches = [];

    /// <summary>The learning of islands.</summary>
    /// <exception cref="NotSupportedException">The silo's learning knows no islands.</exception>
    public IIslandLearning Learning => runtime.Islands
        ?? throw new NotSupportedException("This silo cannot train by islands; set islands.peers to 0.");

    /// <summary>Opens the bench of an island, or the one that another peer has opened already. Each must be closed.</summary>
    public Bench Open(RunSpec spec, string specHash, ModelRole role)
    {
        string key = $"{specHash}/{role}";
        lock (_lock)
        {
            Bench bench = _benches.TryGetValue(key, out Bench? open) ? open : _benches[key] = new Bench(this, key, spec, role);
            bench.Users++;
            return bench;
        }
    }

    /// <summary>The prepared networks of one island.</summary>
    internal sealed class Bench(PeerWorkshop workshop, string key, RunSpec spec, ModelRole role)
    {
        private readonly ConcurrentDictionary<int, IPeerTrainer> _trainers = new();
        private readonly Lazy<IslandPlan> _plan = new(() => IslandPlan.Of(spec, role, workshop.Learning.Images(spec)));

        private volatile bool _freed;

        internal int Users { get; set; }

        /// <summary>Names the island.</summary>
        public string Island => key;

        /// <summary>Who holds what. Made on a slot: see <see cref="PlanAsync"/>.</summary>
        public IslandPlan Plan => _plan.Value;

        /// <summary>Makes the plan.</summary>
        public Task<IslandPlan> PlanAsync(CancellationToken cancellation) => workshop.Slots.RunAsync(Lane.Training, () => Plan, cancellation);

        /// <summary>Runs work with this island's network on the slot that has least to do.</summary>
        public Task<T> RunAsync<T>(Func<IPeerTrainer, T> work, CancellationToken cancellation) => workshop.Slots.RunAsync(
            Lane.Training, () => Use(work), cancellation);

        /// <summary>Sees to it that bytes of any origin are a model of this island, of the right shape and finite. Call it on a slot's thread.</summary>
        /// <exception cref="InvalidDataException">They are not.</exception>
        /// <exception cref="OperationCanceledException">The island is closed on this silo.</exception>
        public void Require(byte[] model) => Use(trainer => trainer.Read(model));

        /// <summary>Closes it for one user; the last one's closing frees the networks.</summary>
        public void Close()
        {
            lock (workshop._lock)
            {
                if (--Users > 0)
                {
                    return;
                }

                workshop._benches.Remove(key);
            }

            // A training that was told to give up may still be at its last step.
            _ = FreeAsync();
        }

        private T Use<T>(Func<IPeerTrainer, T> work)
        {
            IPeerTrainer trainer = _trainers.GetOrAdd(Environment.CurrentManagedThreadId, _ => workshop.Learning.OpenPeers(spec, role, Plan.Training));
            lock (trainer)
            {
                if (!_freed)
                {
                    return work(trainer);
                }
            }

            Free();
            throw new OperationCanceledException("The island is closed on this silo.");
        }

        private bool Free()
        {
            foreach (int thread in _trainers.Keys)
            {
                if (_trainers.TryRemove(thread, out IPeerTrainer? trainer))
                {
                    lock (trainer)
                    {
                        trainer.Dispose();
                    }
                }
            }

            return true;
        }

        private async Task FreeAsync()
        {
            try
            {
                _freed = true;
                await workshop.Slots.RunAsync(Lane.Training, Free);
            }
            catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
            {
                // The silo is gone; the networks go with the process.
            }
        }
    }

    private SlotPool Slots => slots;
}
