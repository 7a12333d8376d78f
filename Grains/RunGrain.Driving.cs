using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="RunGrain"/> that moves a run through its phases.</summary>
internal sealed partial class RunGrain
{
    private static string PhaseText(RunPhase phase) => phase.ToString().ToLowerInvariant();

    private Task EnterAsync(RunPhase phase, string? message = null)
    {
        State.Phase = phase;
        State.Message = message;
        _events.Record(new RunEvent { Kind = RunEventKind.Phase, Message = message ?? PhaseText(phase) });
        return SaveAsync();
    }

    /// <summary>Takes the run over under a new term and drives it in the background.</summary>
    private async Task DriveAsync()
    {
        bool retry = State.Phase == RunPhase.Faulted;
        _driven = true;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        State.Term++;
        _confirmed.Clear();
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        try
        {
            await EnterAsync(RunPhase.Preparing);
        }
        catch
        {
            _driven = false;
            throw;
        }

        _driving = PrepareAndTrainAsync(SpecJson.Read(State.Spec), retry, _stop.Token);
    }

    private async Task PrepareAndTrainAsync(RunSpec spec, bool retry, CancellationToken stop)
    {
        // Leaves the caller's turn: what follows runs in turns of its own.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        string fault = $"The data of run '{_name}' could not be prepared";
        try
        {
            PreparedData data = await slots.RunAsync(Lane.Training, () => runtime.Prepare(spec, stop), stop);
            stop.ThrowIfCancellationRequested();
            if (State.Data?.Fingerprint is { Length: > 0 } known && known != data.Fingerprint)
            {
                throw new DatasetException(spec.Data.Name, "is not what the run began with: its images or their clusters have changed; bring the old data back, or train anew with --force");
            }

            State.Data = new DataSummary(
                data.Channels, data.Height, data.Width, data.Classes, data.TrainCount, [.. data.Priors], data.ClusterReport, data.Fingerprint);
            fault = $"The models of run '{_name}' could not be started";
            await EnterAsync(RunPhase.Training);
            _poll?.Dispose();
            await StartModelsAsync(retry, stop);
            if (!stop.IsCancellationRequested)
            {
                _poll = this.RegisterGrainTimer(
                    cancellation => StartModelsAsync(retry: false, cancellation),
                    new GrainTimerCreationOptions(options.Value.PollPeriod, options.Value.PollPeriod) { KeepAlive = true, Interleave = true });
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Whoever cancelled settles the run.
        }
        catch (InconsistentStateException)
        {
            // Another activation drives the run; this one is on its way out.
        }
        catch (Exception e)
        {
            if (e is DatasetException or SpecException)
            {
                LogUnfit(_name, e.Message);
            }
            else
            {
                LogFault(e, _name);
            }

            BeginSettling(RunPhase.Faulted, $"{fault}: {e.Message}");
        }
    }

    /// <summary>Asks every unfinished model to train; those that do already just answer.</summary>
    private async Task StartModelsAsync(bool retry, CancellationToken cancellation)
    {
        var start = new ModelStart(State.Spec, State.SpecHash, State.Term, retry);
        await Task.WhenAll(Models().Select(async model =>
        {
            if (State.Phase != RunPhase.Training || cancellation.IsCancellationRequested)
            {
                return;
            }

            try
            {
                ModelStatus status = await model.Grain.StartAsync(start, cancellation);
                if (start.SpecHash == State.SpecHash)
                {
                    await AcceptAsync(status, checkpoint: null, []);
                }
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or StaleTermException)
            {
                LogUnreachable(_name, model.Role, e.Message);
            }
        }));
    }

    private async Task AcceptAsync(ModelStatus status, CheckpointReference? checkpoint, MetricPoint[] points)
    {
        ModelStatus? known = State.Models.GetValueOrDefault(status.Role);
        if (known is not null && status.Term < known.Term)
        {
            throw new StaleTermException($"The report of {status.Role}", status.Term, known.Term);
        }

        if (checkpoint is null && status.Phase == ModelPhase.Training
            && _live.GetValueOrDefault(status.Role) is { } live && live.Term == status.Term && live.Step > status.Step)
        {
            // Telemetry is not waited for, so it may come late.
            return;
        }

        _live[status.Role] = status;
        bool news = known?.Phase != status.Phase && status.Phase is ModelPhase.Done or ModelPhase.Faulted;
        var told = new RunEvent
        {
            Role = status.Role,
            Step = status.Step,
            Steps = status.Steps,
            Loss = status.Loss,
            ImagesPerSecond = status.ImagesPerSecond,
            ValidationLoss = status.ValidationLoss,
            Message = status.Message,
            Points = points,
        };
        if (checkpoint is not null)
        {
            _events.Record(told with { Kind = RunEventKind.Checkpoint, Step = checkpoint.Step, Points = [] });
        }

        if (news)
        {
            RunEventKind kind = status.Phase == ModelPhase.Done ? RunEventKind.Done : RunEventKind.Fault;
            _events.Record(told with { Kind = kind, Points = [] });
        }

        _events.SendTelemetry(told);
        if (checkpoint is not null || known?.Phase != status.Phase || known?.Term != status.Term)
        {
            State.Models[status.Role] = status with { ImagesPerSecond = null };
            await SaveAsync();
        }

        if (State.Phase != RunPhase.Training)
        {
            return;
        }

        // What this activation was not told itself may be out of date: weights can have been lost since.
        _ = status.Phase == ModelPhase.Done ? _confirmed.Add(status.Role) : _confirmed.Remove(status.Role);
        if (status.Phase == ModelPhase.Faulted)
        {
            BeginSettling(RunPhase.Faulted, status.Message);
        }
        else if (Models().All(m => _confirmed.Contains(m.Role)))
        {
            BeginSettling(RunPhase.Ready, message: null);
        }
    }

    /// <summary>Settles in the background: a model that reports must not wait for its own end.</summary>
    private void BeginSettling(RunPhase end, string? message)
    {
        if (_settling.IsCompleted && State.Phase is RunPhase.Preparing or RunPhase.Training)
        {
            _settling = SettleAsync(end, message);
        }
    }

    /// <summary>Ends all work, lets every model write a checkpoint, and enters the end phase.</summary>
    private async Task SettleAsync(RunPhase end, string? message)
    {
        _driven = false;
        State.Phase = RunPhase.Stopping;
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (end == RunPhase.Stopped)
            {
                await EnterAsync(RunPhase.Stopping);
            }

            await _stop.CancelAsync();
            await _driving;
            _poll?.Dispose();
            await Task.WhenAll(Models().Select(StopModelAsync));
            bool done = Models().All(m => State.Models.GetValueOrDefault(m.Role)?.Phase == ModelPhase.Done);
            await EnterAsync(done ? RunPhase.Ready : end, done ? null : message);
        }
        catch (InconsistentStateException)
        {
            // Another activation drives the run; this one is on its way out.
        }
        catch (Exception e)
        {
            // The end could not be stored; who watches shall still see it, and a resume tries again.
            LogUnstored(e, _name);
            State.Phase = end;
            State.Message = message;
            _events.Publish();
        }
        finally
        {
            DelayDeactivation(TimeSpan.Zero);
        }
    }

    private async Task StopModelAsync((string Role, IModelGrain Grain) model)
    {
        try
        {
            ModelStatus status = await model.Grain.StopAsync();
            if (status.Term >= (State.Models.GetValueOrDefault(model.Role)?.Term ?? 0) && status.Term > 0)
            {
                _live.Remove(model.Role);
                State.Models[model.Role] = status with { ImagesPerSecond = null };
            }
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // Unreachable is as good as stopped: its checkpoints are on disk.
            LogUnreachable(_name, model.Role, e.Message);
        }
        catch (Exception e)
        {
            LogNotStopped(e, _name, model.Role);
        }
    }
}
