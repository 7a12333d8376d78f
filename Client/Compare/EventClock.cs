using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Compare;

/// <summary>Tells from the durable events of a cluster's run what its training took, whoever was looking on.</summary>
internal sealed class EventClock
{
    private readonly Dictionary<string, List<double>> _rates = [];
    private TimeSpan _wall;
    private DateTimeOffset? _since;
    private long _last;

    /// <summary>Takes the next event; telemetry, and what was taken before, is passed over.</summary>
    public void Add(RunEvent e)
    {
        if (e.Number <= _last)
        {
            return;
        }

        _last = e.Number;
        if (_since is { } since)
        {
            // The clocks of two silos may differ.
            _wall += e.Time > since ? e.Time - since : TimeSpan.Zero;
        }

        _since = e.Phase is RunPhase.Preparing or RunPhase.Training or RunPhase.Stopping ? e.Time : null;
        if (e is { Role: { } role, ImagesPerSecond: > 0 and var rate })
        {
            _rates.TryAdd(role, []);
            _rates[role].Add(rate);
        }
    }

    /// <summary>What training took: wall time from the submission on without the time in which the run was stopped, and the mean speeds at the checkpoints.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="clustering">Seconds of the clustering.</param>
    public ArmTimes Times(RunSpec spec, double clustering) =>
        new(_wall.TotalSeconds, ModelTime.Slowest(spec, role => _rates.GetValueOrDefault(role)?.Average()), clustering);
}
