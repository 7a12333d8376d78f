using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Simulation;

namespace OrleansDDM.Experiments.Claims.Peers;

/// <summary>A simulated protocol whose peers train classifiers. Watches rounds, and drops models that nothing can name any more.</summary>
public sealed class PeerSimulation : IDisposable
{
    private readonly Simulator _simulator;
    private HashSet<ModelHandle> _named = [];
    private ulong _known;

    /// <summary>Prepares a run.</summary>
    /// <param name="plan">The plan; its task is not used.</param>
    /// <param name="training">What peers learn.</param>
    /// <param name="stepSeconds">Virtual seconds of a local step.</param>
    /// <param name="roundOffset">See <see cref="ClassificationTask"/>.</param>
    public PeerSimulation(SimulationPlan plan, PeerLearning training, double stepSeconds, long roundOffset = 0)
    {
        Task = new ClassificationTask(training, stepSeconds, roundOffset);
        _simulator = new Simulator(plan, Task) { Observer = Observe };
    }

    /// <summary>The models.</summary>
    public ClassificationTask Task { get; }

    /// <summary>Virtual seconds between two collections of models; longer than any message is on its way.</summary>
    public double Slice { get; init; } = 10;

    /// <summary>Called for every round that a peer completes: peer, round, model.</summary>
    public Action<int, long, ModelHandle>? Completed { get; set; }

    /// <summary>Virtual time in seconds.</summary>
    public double Now => _simulator.Now;

    /// <summary>Bytes of all frames and models so far.</summary>
    public long Bytes
    {
        get
        {
            SimulationResult result = _simulator.Result();
            return result.FrameBytes + result.ModelBytes;
        }
    }

    /// <summary>Counts so far.</summary>
    public SimulationResult Result => _simulator.Result();

    /// <summary>State of a peer; null while it is down.</summary>
    public PeerState? StateOf(int peer) => _simulator.StateOf(peer);

    /// <summary>Runs until a virtual time, or until told to stop.</summary>
    /// <param name="seconds">Virtual time.</param>
    /// <param name="done">Asked in between.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public void Run(double seconds, Func<bool> done, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(done);
        while (!done() && _simulator.Now < seconds)
        {
            cancellation.ThrowIfCancellationRequested();
            _simulator.RunUntil(Math.Min(seconds, _simulator.Now + Slice));
            Collect();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Task.Dispose();

    // What is on its way now was in a state, or was made, since the slice before.
    private void Collect()
    {
        HashSet<ModelHandle> named = [.. Enumerable.Range(0, _simulator.Plan.Peers).SelectMany(p => _simulator.StateOf(p)?.Models ?? [])];
        HashSet<ModelHandle> keep = [.. named, .. _named, .. Task.Since(_known)];
        Task.Retain(keep);
        (_named, _known) = (named, Task.Newest);
    }

    private void Observe(Observation observation)
    {
        foreach (Effect effect in observation.Effects)
        {
            if (effect is Effect.Report { Kind: ReportKind.RoundCompleted } report)
            {
                Completed?.Invoke(observation.Peer, report.Round, report.Model);
            }
        }
    }
}
