using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="ModelGrain"/> that trains.</summary>
internal abstract partial class ModelGrain
{
    private async Task RunToEndAsync(ModelStart start, RunSpec spec, CancellationToken stop)
    {
        _publishing = Task.CompletedTask;
        await using TrainingLease lease = await OpenAsync(start, spec, stop);
        await OnOpenedAsync(spec, start.SpecHash, lease, stop);
        int saved = State.Checkpoints.LastOrDefault()?.Step ?? -1;
        long savedAt = services.Clock.GetTimestamp();
        var interval = TimeSpan.FromSeconds(spec.Training.CheckpointSeconds);
        TimeSpan longest = services.Devices.Value.Slice;
        TimeSpan length = interval > TimeSpan.Zero && interval < longest ? interval : longest;
        while (true)
        {
            await BeforeSliceAsync(lease, stop);
            (SliceReport slice, int step, MetricPoint[] points) = await lease.RunAsync(session =>
            {
                SliceReport report = session.Train(length, stop);
                return (report, session.Step, ToPoints(report.Rows));
            });
            _points.AddRange(points);
            _live = new ModelStatus
            {
                Role = _role,
                Step = step,
                Loss = double.IsFinite(slice.Loss) ? slice.Loss : _live?.Loss,
                ImagesPerSecond = double.IsFinite(slice.ImagesPerSecond) ? slice.ImagesPerSecond : null,
            };

            bool finished = step >= State.Steps;
            bool validated = slice.Rows.Any(r => r.Name == MetricNames.Validation);
            CheckpointReference? checkpoint = null;
            if (step > saved && (finished || validated || stop.IsCancellationRequested || services.Clock.GetElapsedTime(savedAt) >= interval))
            {
                checkpoint = await WriteAsync(lease, spec.Training.KeepLast, start);
                saved = step;
                savedAt = services.Clock.GetTimestamp();
            }

            if (finished)
            {
                State.Weights = spec.Training.Export == "best" && State.Best is { } best
                    ? await lease.RunAsync(_ => services.Checkpoints.WriteWeights(best, bytes => Open(spec, start.SpecHash, bytes)), WorkWatch.ShortWork)
                    : await lease.RunAsync(services.Checkpoints.WriteWeights, WorkWatch.ShortWork);
                await services.Checkpoints.PublishAsync(State.Weights);
                State.Phase = ModelPhase.Done;
            }
            else if (stop.IsCancellationRequested)
            {
                State.Phase = ModelPhase.Stopped;
            }

            if (State.Phase != ModelPhase.Training)
            {
                await PublishAsync(_publishing, lease, start.SpecHash, checkpoint, points);
                return;
            }

            if (checkpoint is null)
            {
                _ = TellRunAsync(start.SpecHash, checkpoint: null, points);
                continue;
            }

            // Where the one before is not stored yet, the database is away, and that was waited for already.
            bool late = !_publishing.IsCompleted;
            _publishing = PublishAsync(_publishing, lease, start.SpecHash, checkpoint, points);
            if (!late)
            {
                await Task.WhenAny(_publishing, Task.Delay(services.Options.Value.PublishPatience, services.Clock, stop));
            }

            if (_publishing.IsCompleted)
            {
                await _publishing;
            }
        }
    }

    /// <summary>Takes a term above all that were seen. From the write on, what an older activation writes is refused.</summary>
    private async Task<long> TakeTermAsync(Slot slot, CancellationToken stop)
    {
        long seen = await slot.RunAsync(Lane.Training, () => services.Checkpoints.HighestTerm(_run, _role), stop, WorkWatch.ShortWork);
        State.Term = Math.Max(State.Term, seen) + 1;
        await _row.SaveAsync();
        return State.Term;
    }

    /// <summary>Opens the newest good checkpoint under the term; what lies beyond it is forgotten.</summary>
    private async Task<TrainingLease> OpenAsync(ModelStart start, RunSpec spec, CancellationToken stop)
    {
        CheckpointReference[] remembered = [.. State.Checkpoints, .. State.Best is null ? [] : new[] { State.Best }];
        (long term, int from) = (State.FromTerm, State.From);
        CheckpointReference[] candidates = [];
        CheckpointReference? newest = null;
        int steps = 0;
        MetricPoint[] points = [];
        long most = ArtifactLimits.Of(spec, ModelRole.Parse(_role));
        await services.Checkpoints.BringAsync(remembered, _role, most, stop);
        await services.Imagery.AdoptAsync(spec, stop);
        TrainingLease lease = await services.Slots.OpenAsync(
            this.GetPrimaryKeyString(),
            TrainingCost.Of(spec, ModelRole.Parse(_role)),
            slot => TakeTermAsync(slot, stop),
            () =>
            {
                RunData.Prepare(services.Runtime, spec, start.Fingerprint, stop);

                // What an older activation wrote beyond the step that a newer one went on from came from one that was superseded.
                candidates = [.. services.Checkpoints.Candidates(_run, _role, start, remembered).Where(c => c.Term >= term || c.Step <= from)];
                (ITrainingSession session, newest) = services.Checkpoints.OpenNewest(
                    candidates, bytes => Open(spec, start.SpecHash, bytes), _role, most);
                steps = session.Steps;
                points = ToPoints(session.History);
                return session;
            },
            stop);
        try
        {
            State.Steps = steps;
            (State.From, State.FromTerm) = (newest?.Step ?? 0, State.Term);
            State.Device = lease.Slot.Device;
            CheckpointReference[] usable = [.. candidates.Where(c => newest is not null && c.Step <= newest.Step).Reverse()];
            State.Checkpoints = [.. usable.TakeLast(spec.Training.KeepLast)];
            State.Best = usable.Where(c => c.ValidationLoss is not null).MinBy(c => c.ValidationLoss);
            State.Points = [.. points];
            _points.Clear();
            _points.AddRange(points);
            _live = new ModelStatus { Role = _role, Step = newest?.Step ?? 0 };
            await _row.SaveAsync();
            await ForgetOldAsync(lease);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes a checkpoint as an artifact; nobody knows it before it is published.</summary>
    private async Task<CheckpointReference> WriteAsync(TrainingLease lease, int keepLast, ModelStart start)
    {
        long term = State.Term;
        CheckpointReference checkpoint = await lease.RunAsync(session => services.Checkpoints.Write(_run, _role, start, term, session), WorkWatch.ShortWork);
        await services.Checkpoints.PublishAsync(checkpoint.Artifact);
        State.Checkpoints = [.. State.Checkpoints.Append(checkpoint).TakeLast(keepLast)];
        if (checkpoint.ValidationLoss is { } loss && !(State.Best?.ValidationLoss <= loss))
        {
            State.Best = checkpoint;
        }

        State.Points = [.. _points];
        return checkpoint;
    }

    /// <summary>Stores the reference to a checkpoint, after the earlier ones, then deletes what it replaces and tells the run.</summary>
    private async Task PublishAsync(Task before, TrainingLease lease, string specHash, CheckpointReference? checkpoint, MetricPoint[] points)
    {
        await before;
        State.Island = Island() ?? State.Island;
        await _row.SaveAsync();
        if (checkpoint is not null)
        {
            await ForgetOldAsync(lease);
        }

        await TellRunAsync(specHash, checkpoint, points);
    }

    private Task<bool> ForgetOldAsync(TrainingLease lease)
    {
        long term = State.Term;
        CheckpointReference?[] kept = [.. _row.Stored.Checkpoints, _row.Stored.Best, .. State.Checkpoints, State.Best];
        return lease.Slot.RunAsync(
            Lane.Training,
            () =>
            {
                services.Checkpoints.Retain(_run, _role, kept, term);
                return true;
            },
            limit: WorkWatch.ShortWork);
    }

    /// <summary>Tells the run; a run that cannot be reached asks again by itself.</summary>
    private async Task TellRunAsync(string specHash, CheckpointReference? checkpoint, MetricPoint[] points)
    {
        if (_leaving || _row.IsLost)
        {
            return;
        }

        try
        {
            await GrainFactory.GetGrain<IRunGrain>(GrainKeys.Run(_run)).ReportAsync(new ModelReport(specHash, Status(), checkpoint, points));
        }
        catch (StaleTermException e)
        {
            await _stop.CancelAsync();
            GiveUp(e.Message);
        }
        catch (Exception e)
        {
            // Whatever ails the run, it is not this model's work; the run asks again by itself.
            LogUntold(_role, e.Message);
        }
    }

    private static MetricPoint[] ToPoints(IEnumerable<MetricRow> rows) => [.. rows.Select(r => new MetricPoint(r.Step, r.Name, r.Value))];
}
