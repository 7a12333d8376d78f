using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

using Microsoft.Extensions.DependencyInjection;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Observability;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.Grains.Placement;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>What is measured and traced of learning.</summary>
public sealed partial class ObservedLearningTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<DdmMetrics>().BuildServiceProvider();
    private readonly ManualTime _time = new();
    private readonly FakeRuntime _runtime = new();
    private readonly WorkWatch _watch;
    private readonly ObservedLearning _learning;
    private readonly Dictionary<string, List<(double Value, string Tags)>> _measured = [];
    private readonly ConcurrentQueue<Activity> _activities = new();
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _traces;
    private readonly RunSpec _spec = new() { Name = "watched" + Guid.NewGuid().ToString("N")[..8], Training = new TrainingSpec { Steps = 40 } };

    public ObservedLearningTests()
    {
        var metrics = _services.GetRequiredService<DdmMetrics>();
        _watch = new WorkWatch(_time);
        _learning = new ObservedLearning(_runtime, metrics, _watch, _time);
        object scope = _services.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == DdmMetrics.MeterName && instrument.Meter.Scope == scope)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((i, value, tags, _) => Note(i, value, tags));
        _meters.SetMeasurementEventCallback<double>((i, value, tags, _) => Note(i, value, tags));
        _meters.Start();
        _traces = new ActivityListener
        {
            ShouldListenTo = s => s.Name == DdmActivities.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a =>
            {
                if ((string?)a.GetTagItem("ddm.run") == _spec.Name)
                {
                    _activities.Enqueue(a);
                }
            },
        };
        ActivitySource.AddActivityListener(_traces);
    }

    public void Dispose()
    {
        _traces.Dispose();
        _meters.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void Slices_are_measured_with_what_they_did()
    {
        _runtime.BeforeStep = (_, _, _) =>
        {
            _time.Advance(TimeSpan.FromSeconds(0.5));
            return true;
        };
        using ITrainingSession session = _learning.OpenTraining(_spec, ModelRole.Expert(3), null);
        session.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal([(4, "role=expert")], _measured["ddm.training.steps"]);
        Assert.Equal([(2, "role=expert")], _measured["ddm.training.slice.duration"]);
        Assert.Equal([(2000, "role=expert")], _measured["ddm.training.images"]);
        Assert.DoesNotContain("ddm.training.resumes", _measured.Keys);
    }

    [Fact]
    public void Checkpoints_are_measured_and_going_on_from_one_counts_as_resumed()
    {
        byte[] bytes;
        using (ITrainingSession session = _learning.OpenTraining(_spec, ModelRole.Router, null))
        {
            session.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
            bytes = session.SaveCheckpoint();
        }

        Assert.Equal([(bytes.Length, "role=router")], _measured["ddm.checkpoint.size"]);
        Assert.Equal("role=router", Assert.Single(_measured["ddm.checkpoint.duration"]).Tags);
        using ITrainingSession resumed = _learning.OpenTraining(_spec, ModelRole.Router, bytes);
        Assert.Equal(4, resumed.Step);
        Assert.Equal([(1, "role=router")], _measured["ddm.training.resumes"]);
    }

    [Fact]
    public void Failures_are_counted_by_kind_and_marked_in_the_trace_and_cancellation_is_none()
    {
        _runtime.OnPrepare = (_, _) => throw new InvalidDataException("no such data");
        Assert.Throws<InvalidDataException>(() => _learning.Prepare(_spec, CancellationToken.None));
        Assert.Throws<InvalidDataException>(() => _learning.OpenTraining(_spec with { Seed = 99 }, ModelRole.Router, Foreign()));
        using ITrainingSession session = _learning.OpenTraining(_spec, ModelRole.Expert(0), null);
        _runtime.BeforeStep = (_, _, _) => throw new TrainingDivergedException("NaN");
        Assert.Throws<TrainingDivergedException>(() => session.Train(TimeSpan.FromSeconds(1), CancellationToken.None));
        _runtime.BeforeStep = (_, _, _) => throw new OperationCanceledException();
        Assert.Throws<OperationCanceledException>(() => session.Train(TimeSpan.FromSeconds(1), CancellationToken.None));
        Assert.Equal([(1, "kind=data"), (1, "kind=open"), (1, "kind=training")], _measured["ddm.faults"]);
        Assert.Equal(["prepare", "open", "slice"], _activities.Where(a => a.Status == ActivityStatusCode.Error).Select(a => a.OperationName));
        Assert.Empty(_watch.Stuck());
    }

    [Fact]
    public void Slice_that_hangs_is_known_while_it_hangs()
    {
        IReadOnlyList<(string What, TimeSpan Elapsed)> during = [];
        _runtime.BeforeStep = (_, step, _) =>
        {
            if (step == 0)
            {
                _time.Advance(TimeSpan.FromMinutes(2));
                during = _watch.Stuck();
            }

            return true;
        };
        using ITrainingSession session = _learning.OpenTraining(_spec, ModelRole.Expert(1), null);
        session.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal([(_spec.Name + "/expert-1", TimeSpan.FromMinutes(2))], during);
        Assert.Empty(_watch.Stuck());
    }

    [Fact]
    public void All_work_of_a_run_is_one_trace_and_another_run_is_another()
    {
        _learning.Prepare(_spec, CancellationToken.None);
        foreach (ModelRole role in ModelRole.Of(2))
        {
            using ITrainingSession session = _learning.OpenTraining(_spec, role, null, SpecJson.Hash(_spec));
            session.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
            session.SaveCheckpoint();
        }

        Assert.Equal(10, _activities.Count);
        Assert.Equal([DdmActivities.ContextOf(SpecJson.Hash(_spec)).TraceId], _activities.Select(a => a.TraceId).Distinct());
        Assert.NotEqual(DdmActivities.ContextOf("a").TraceId, DdmActivities.ContextOf("b").TraceId);
        Assert.Equal(4, _activities.First(a => a.OperationName == "slice").GetTagItem("ddm.steps"));
    }

    [Fact]
    public void A_run_is_traced_from_start_to_end_without_becoming_the_parent_of_what_comes_between()
    {
        string hash = SpecJson.Hash(_spec);
        Activity? run = DdmActivities.Run(_spec.Name, hash, 3);
        Assert.Null(Activity.Current);
        _learning.Prepare(_spec, CancellationToken.None);
        run.End("ready");
        run.End("again");
        Assert.Null(Activity.Current);
        Activity[] all = [.. _activities];
        Assert.Equal(["prepare", "run"], all.Select(a => a.OperationName));
        Assert.Equal(("ready", 3L), (all[1].GetTagItem("ddm.phase"), all[1].GetTagItem("ddm.term")));
        Assert.Equal(all[0].TraceId, all[1].TraceId);
        Assert.NotEqual(all[1].SpanId, all[0].ParentSpanId);
    }

    [Fact]
    public void Gauges_read_the_slots_and_say_nothing_of_copies_that_nobody_counts()
    {
        SlotStatus[] slots = [new SlotStatus(0, 3, ["model/a/expert-0", "model/a/router"], 0), new SlotStatus(1, 0, [], 0)];
        SlotGauges.Add(_services.GetRequiredService<DdmMetrics>(), () => slots, () => 5, replication: null);
        _meters.RecordObservableInstruments();
        Assert.Equal(
            [("ddm.silos.active", 5), ("ddm.slots", 2), ("ddm.slots.busy", 1), ("ddm.slots.queue", 3), ("ddm.slots.sessions", 2)],
            _measured.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => (m.Key, m.Value.Single().Value)));
    }

    [Fact]
    public void Gauges_tell_the_memory_of_each_device_and_nothing_of_what_is_not_known()
    {
        var options = new DeviceOptions { Facts = new DeviceFacts("cuda", "a card", 1000, 1, 0, Count: 3), Slots = 6 };
        _runtime.Devices = new MemoryMeter { Free = { ["cuda:0"] = 700, ["cuda:2"] = 0 } };
        SlotGauges.AddMemory(_services.GetRequiredService<DdmMetrics>(), new DeviceMemory(Microsoft.Extensions.Options.Options.Create(options), _runtime));
        _meters.RecordObservableInstruments();
        Assert.Equal([(700, "device=cuda:0"), (0, "device=cuda:2")], _measured["ddm.device.memory.free"]);
        Assert.Equal([(1000, "device=cuda:0"), (1000, "device=cuda:1"), (1000, "device=cuda:2")], _measured["ddm.device.memory.total"]);

        // Where neither is known there is no series; what changes is seen at the next look.
        _measured.Clear();
        options.Facts = options.Facts with { Memory = 0, Count = 1 };
        ((MemoryMeter)_runtime.Devices).Free["cuda:0"] = 600;
        _meters.RecordObservableInstruments();
        Assert.Equal([(600, "device=cuda:0")], _measured["ddm.device.memory.free"]);
        Assert.False(_measured.ContainsKey("ddm.device.memory.total"));
    }

    private byte[] Foreign()
    {
        using ITrainingSession other = _runtime.OpenTraining(_spec, ModelRole.Expert(0), null);
        return other.SaveCheckpoint();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = string.Join(",", tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
        if (!_measured.TryGetValue(instrument.Name, out List<(double Value, string Tags)>? values))
        {
            _measured[instrument.Name] = values = [];
        }

        values.Add((value, text));
    }
}
