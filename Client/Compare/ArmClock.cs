using System.Diagnostics;
using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Compare;

/// <summary>
/// Measures the training of one arm over all its sessions: passes progress on, and keeps wall time and speed of each model in a
/// file beside the run.
/// </summary>
internal sealed class ArmClock : IProgressSink
{
    private readonly IProgressSink _inner;
    private readonly string _file;
    private readonly Stopwatch _session = new();
    private readonly Record _record;

    /// <summary>A clock that goes on from the file where it is there.</summary>
    public ArmClock(IProgressSink inner, string folder)
    {
        _inner = inner;
        _file = Path.Combine(folder, "clock.json");
        _record = Read();
    }

    /// <inheritdoc/>
    public void Say(string message) => _inner.Say(message);

    /// <inheritdoc/>
    public void Begin(IReadOnlyList<ModelStatus> models) => _inner.Begin(models);

    /// <inheritdoc/>
    public void Show(RunEvent progress)
    {
        if (progress is { Role: { } role, ImagesPerSecond: { } rate } && rate > 0)
        {
            Speed speed = _record.Speeds.GetValueOrDefault(role) ?? new Speed(0, 0);
            _record.Speeds[role] = new Speed(speed.Sum + rate, speed.Count + 1);
        }

        _inner.Show(progress);
    }

    /// <summary>Measures a session of training, also one that is interrupted.</summary>
    public async Task<T> MeasureAsync<T>(Func<Task<T>> training)
    {
        _session.Restart();
        try
        {
            return await training();
        }
        finally
        {
            _record.Wall += _session.Elapsed.TotalSeconds;
            AtomicFile.Write(_file, JsonSerializer.SerializeToUtf8Bytes(_record));
        }
    }

    /// <summary>What training took so far.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="clustering">Seconds of the clustering.</param>
    public ArmTimes Times(RunSpec spec, double clustering)
    {
        double slowest = ModelTime.Slowest(
            spec, role => _record.Speeds.GetValueOrDefault(role) is { Count: > 0 } speed ? speed.Sum / speed.Count : null);
        return new ArmTimes(_record.Wall, slowest, clustering);
    }

    private Record Read()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize<Record>(File.ReadAllText(_file)) ?? new Record() : new Record();
        }
        catch (JsonException)
        {
            return new Record(); // times are for information only
        }
    }

    private sealed record Speed(double Sum, int Count);

    private sealed class Record
    {
        public double Wall { get; set; }

        public Dictionary<string, Speed> Speeds { get; init; } = [];
    }
}
