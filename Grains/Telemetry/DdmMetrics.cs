using System.Diagnostics;
using System.Diagnostics.Metrics;

using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains.Telemetry;

/// <summary>
/// What a silo measures of itself, on the meter <see cref="MeterName"/>. Every tag has few values: no run, host or hash is one, so the number
/// of series does not grow with use. Names and units are listed in <c>docs/operations.md</c>.
/// </summary>
public sealed class DdmMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "OrleansDDM";

    private const string Role = "role";

    // Seconds: a slice is a second by default, a large model's checkpoint takes minutes.
    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300] };
    private static readonly InstrumentAdvice<long> Bytes = new() { HistogramBucketBoundaries = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000] };

    private readonly Meter _meter;
    private readonly Counter<long> _steps;
    private readonly Counter<double> _images;
    private readonly Histogram<double> _slices;
    private readonly Histogram<double> _checkpointSeconds;
    private readonly Histogram<long> _checkpointBytes;
    private readonly Counter<long> _resumes;
    private readonly Counter<long> _faults;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _evaluations;

    /// <summary>Creates the instruments.</summary>
    public DdmMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(MeterName);
        _steps = _meter.CreateCounter<long>("ddm.training.steps", "{step}", "Optimizer steps done.");
        _images = _meter.CreateCounter<double>("ddm.training.images", "{image}", "Training images seen; its rate is images per second.");
        _slices = _meter.CreateHistogram("ddm.training.slice.duration", "s", "Time a slot trained without a look at its queue.", advice: Seconds);
        _checkpointSeconds = _meter.CreateHistogram("ddm.checkpoint.duration", "s", "Time a slot wrote down a checkpoint, disk and copies not included.", advice: Seconds);
        _checkpointBytes = _meter.CreateHistogram("ddm.checkpoint.size", "By", "Size of a checkpoint.", advice: Bytes);
        _resumes = _meter.CreateCounter<long>("ddm.training.resumes", "{model}", "Models that went on from a checkpoint.");
        _faults = _meter.CreateCounter<long>("ddm.faults", "{fault}", "Work that failed for good, by what it was.");
        _retries = _meter.CreateCounter<long>("ddm.retries", "{retry}", "Calls between grains and writes of states that were tried again.");
        _evaluations = _meter.CreateHistogram("ddm.evaluation.duration", "s", "Time of one evaluation of a trained model.", advice: Seconds);
    }

    /// <summary>A slice of training is done.</summary>
    /// <param name="role">Whose.</param>
    /// <param name="duration">How long it took.</param>
    /// <param name="steps">Steps it did.</param>
    /// <param name="imagesPerSecond">Its speed; what is not finite counts as none.</param>
    public void SliceDone(ModelRole role, TimeSpan duration, int steps, double imagesPerSecond)
    {
        TagList tags = Of(role);
        _slices.Record(duration.TotalSeconds, tags);
        _steps.Add(steps, tags);
        if (steps > 0 && double.IsFinite(imagesPerSecond))
        {
            _images.Add(imagesPerSecond * duration.TotalSeconds, tags);
        }
    }

    /// <summary>A checkpoint is written down.</summary>
    public void CheckpointDone(ModelRole role, TimeSpan duration, long bytes)
    {
        TagList tags = Of(role);
        _checkpointSeconds.Record(duration.TotalSeconds, tags);
        _checkpointBytes.Record(bytes, tags);
    }

    /// <summary>A model goes on from a checkpoint.</summary>
    public void Resumed(ModelRole role) => _resumes.Add(1, Of(role));

    /// <summary>A trained model was evaluated.</summary>
    public void EvaluationDone(ModelRole role, TimeSpan duration) => _evaluations.Record(duration.TotalSeconds, Of(role));

    /// <summary>Something failed for good.</summary>
    public void Faulted(FaultKind kind) => _faults.Add(1, new TagList { { "kind", kind.ToString().ToLowerInvariant() } });

    /// <summary>A call between grains or a write of a state is tried again.</summary>
    public void Retried() => _retries.Add(1);

    /// <summary>Adds a value that is read when somebody looks; null = not known now.</summary>
    /// <param name="name">Name, e.g. <c>ddm.slots.busy</c>.</param>
    /// <param name="unit">Unit in UCUM, e.g. <c>{slot}</c>.</param>
    /// <param name="description">What it is.</param>
    /// <param name="read">Reads it; fast and without blocking.</param>
    public void Observe(string name, string unit, string description, Func<long?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        _meter.CreateObservableGauge(name, () => read() is { } value ? [new Measurement<long>(value)] : Array.Empty<Measurement<long>>(), unit, description);
    }

    /// <summary>Adds values of this silo's devices that are read when somebody looks; null = not known now. The tag is a device's name, of which a silo has a handful.</summary>
    /// <param name="name">Name, e.g. <c>ddm.device.memory.free</c>.</param>
    /// <param name="unit">Unit in UCUM, e.g. <c>By</c>.</param>
    /// <param name="description">What it is.</param>
    /// <param name="read">Reads it; fast and without blocking.</param>
    public void ObserveDevices(string name, string unit, string description, Func<IEnumerable<(string Device, long? Value)>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        _meter.CreateObservableGauge(
            name,
            () => read().Where(d => d.Value is not null).Select(d => new Measurement<long>(d.Value!.Value, new KeyValuePair<string, object?>("device", d.Device))),
            unit,
            description);
    }

    private static TagList Of(ModelRole role) => new() { { Role, role.IsRouter ? "router" : "expert" } };
}
