using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="ModelGrain"/> that trains.</summary>
internal abstract partial class ModelGrain
{
    private async Task RunToEndAsync(RunSpec spec, string specHash, CancellationToken stop)
    {
        await using TrainingLease lease = await OpenAsync(spec, specHash, stop);
        await OnOpenedAsync(spec, specHash, lease, stop);
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
                checkpoint = await SaveAsync(lease, spec.Training.KeepLast, specHash);
                saved = step;
                savedAt = services.Clock.GetTimestamp();
            }

            if (finished)
            {
                State.Weights = spec.Training.Export == "best" && State.Best is { } best
                    ? await lease.RunAsync(_ => services.Checkpoints.WriteWeights(best, bytes => Open(spec, specHash, bytes)))
                    : await lease.RunAsync(services.Checkpoints.WriteWeights);
                State.Phase = ModelPhase.Done;
                await state.WriteStateAsync();
            }
            else if (stop.IsCancellationRequested)
            {
                State.Phase = ModelPhase.Stopped;
                await state.WriteStateAsync();
            }

            await TellRunAsync(specHash, checkpoint, points);
            if (State.Phase != ModelPhase.Training)
            {
                return;
            }
        }
    }

    /// <summary>Opens the newest good checkpoint under a new term; what lies beyond it is forgotten.</summary>
    private async Task<TrainingLease> OpenAsync(RunSpec spec, string specHash, CancellationToken stop)
    {
        CheckpointReference[] remembered = [.. State.Checkpoints, .. State.Best is null ? [] : new[] { State.Best }];
        IReadOnlyList<CheckpointReference> candidates = [];
        CheckpointReference? from = null;
        long term = 0;
        int steps = 0;
        MetricPoint[] points = [];
        TrainingLease lease = await services.Slots.OpenAsync(
            this.GetPrimaryKeyString(),
            TrainingCost.Of(spec, ModelRole.Parse(_role)),
            () =>
            {
                term = services.Checkpoints.HighestTerm(_run, _role);
                candidates = services.Checkpoints.Candidates(_run, _role, specHash, remembered);
                (ITrainingSession session, from) = services.Checkpoints.OpenNewest(
                    candidates, bytes => Open(spec, specHash, bytes), _role);
                steps = session.Steps;
                points = ToPoints(session.History);
                return session;
            },
            stop);
        try
        {
            State.Term = Math.Max(State.Term, term) + 1;
            State.Steps = steps;
            CheckpointReference[] usable = [.. candidates.Where(c => from is not null && c.Step <= from.Step).Reverse()];
            State.Checkpoints = [.. usable.TakeLast(spec.Training.KeepLast)];
            State.Best = usable.Where(c => c.ValidationLoss is not null).MinBy(c => c.ValidationLoss);
            State.Points = [.. points];
            _points.Clear();
            _points.AddRange(points);
            _live = new ModelStatus { Role = _role, Step = from?.Step ?? 0 };
            await state.WriteStateAsync();
            await ForgetOldAsync(lease);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    private async Task<CheckpointReference> SaveAsync(TrainingLease lease, int keepLast, string specHash)
    {
        long term = State.Term;
        CheckpointReference checkpoint = await lease.RunAsync(session => services.Checkpoints.Write(_run, _role, specHash, term, session));
        State.Checkpoints = [.. State.Checkpoints.Append(checkpoint).TakeLast(keepLast)];
        if (checkpoint.ValidationLoss is { } loss && !(State.Best?.ValidationLoss <= loss))
        {
            State.Best = checkpoint;
        }

        State.Points = [.. _points];
        await state.WriteStateAsync();
        await ForgetOldAsync(lease);
        return checkpoint;
    }

    private Task<bool> ForgetOldAsync(TrainingLease lease)
    {
        CheckpointReference?[] kept = [.. State.Checkpoints, State.Best];
        return lease.RunAsync(_ =>
        {
            services.Checkpoints.Retain(_run, _role, kept);
            return true;
        });
    }

    /// <summary>Tells the run. Telemetry is not waited for; a run that cannot be reached asks again by itself.</summary>
    private Task TellRunAsync(string specHash, CheckpointReference? checkpoint, MetricPoint[] points)
    {
        if (_leaving)
        {
            return Task.CompletedTask;
        }

        var report = new ModelReport(specHash, Status(), checkpoint, points);
        Task told = TellAsync(report);
        return checkpoint is null && State.Phase == ModelPhase.Training ? Task.CompletedTask : told;
    }

    private async Task TellAsync(ModelReport report)
    {
        try
        {
            await GrainFactory.GetGrain<IRunGrain>(GrainKeys.Run(_run)).ReportAsync(report);
        }
        catch (StaleTermException e)
        {
            LogSuperseded(_role, e.Message);
            await _stop.CancelAsync();
            DeactivateOnIdle();
        }
        catch (Exception e)
        {
            // Whatever ails the run, it is not this model's work; the run asks again by itself.
            LogUntold(_role, e.Message);
        }
    }

    private static MetricPoint[] ToPoints(IEnumerable<MetricRow> rows) => [.. rows.Select(r => new MetricPoint(r.Step, r.Name, r.Value))];
}
