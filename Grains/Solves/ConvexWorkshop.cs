using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Solves;

/// <summary>The problems that peers and solves on this silo work on, each loaded once.</summary>
internal sealed class ConvexWorkshop(ILearningRuntime runtime, SlotPool slots)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Bench> _benches = [];

    /// <summary>The learning of solves.</summary>
    /// <exception cref="NotSupportedException">The silo's learning knows no convex problems.</exception>
    public IConvexLearning Learning => runtime.Convex ?? throw new NotSupportedException("This silo cannot solve convex problems.");

    /// <summary>Opens a problem, or takes the one that is open. Each must be closed.</summary>
    public Bench Open(SolveSpec spec)
    {
        string key = spec.Hash();
        lock (_lock)
        {
            Bench bench = _benches.TryGetValue(key, out Bench? open) ? open : _benches[key] = new Bench(this, key, spec, slots);
            bench.Users++;
            return bench;
        }
    }

    /// <summary>A problem in use.</summary>
    internal sealed class Bench(ConvexWorkshop workshop, string key, SolveSpec spec, SlotPool slots)
    {
        private readonly Lazy<ConvexProblem> _problem = new(() => ConvexProblem.Of(spec, workshop.Learning));

        internal int Users { get; set; }

        /// <summary>The problem, loaded on a slot.</summary>
        public Task<ConvexProblem> ProblemAsync(CancellationToken cancellation) => slots.RunAsync(Lane.Training, () => _problem.Value, cancellation);

        /// <summary>Closes it for one user; it goes with the last one.</summary>
        public void Close()
        {
            lock (workshop._lock)
            {
                if (--Users == 0)
                {
                    workshop._benches.Remove(key);
                }
            }
        }
    }
}
