using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Grains.Telemetry;
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
        _retrying.Clear();
        if (State.Phase == RunPhase.Faulted)
        {
            _retrying.UnionWith(Models().Select(m => m.Role));
        }

        _driven = true;
        _unstorable = false;
        _lacking = null;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        State.Term++;
        _confirmed.Clear();
        _unfit.Clear();
        _unplaced.Clear();
        _activity.End(PhaseText(State.Phase));
        _activity = DdmActivities.Run(_name, State.SpecHash, State.Term);
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

        _driving = PrepareAndTrainAsync(SpecJson.Read(State.Spec), _stop.Token);
        _ = RemindAsync(true);
    }

    private async Task PrepareAndTrainAsync(RunSpec spec, CancellationToken stop)
    {
        // Leaves the caller's turn: what follows runs in turns of its own.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        string fault = $"The data of run '{_name}' could not be prepared";
        try
        {
            (DataSummary data, string? note) = await PrepareAsync(spec, State.Data?.Fingerprint ?? string.Empty, stop);
            stop.ThrowIfCancellationRequested();
            State.Data = data;
            fault = $"The models of run '{_name}' could not be started";
            await EnterAsync(RunPhase.Training, note);
            _poll?.Dispose();
            _poll = null;
            await StartModelsAsync(stop);
            if (!stop.IsCancellationRequested)
            {
                _poll = this.RegisterGrainTimer(
                    StartModelsAsync,
                    new GrainTimerCreationOptions(NextLook(), options.Value.PollPeriod) { KeepAlive = true, Interleave = true });
            }
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException)
        {
            // Whoever cancelled settles the run, or its silo ends and another one goes on.
        }
        catch (InconsistentStateException)
        {
            // Another activation drives the run; this one is on its way out.
        }
        catch (Exception e)
        {
            if (e is DatasetException or SpecException or BadRequestException)
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

    // Where models did not answer, soon, then less and less soon.
    private TimeSpan NextLook()
    {
        TimeSpan soon = options.Value.RetryPause * Math.Pow(2, Math.Min(_looks, 10));
        return _looks > 0 && soon < options.Value.PollPeriod ? soon : options.Value.PollPeriod;
    }

    /// <summary>Asks the models now instead of at the next look.</summary>
    private async Task LookAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        await StartModelsAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Asks every model that is not known to be done to train; those that do already just answer.</summary>
    private async Task StartModelsAsync(CancellationToken cancellation)
    {
        string hash = State.SpecHash;
        RunSpec spec = SpecJson.Read(State.Spec);
        bool[] answered = await Task.WhenAll(Models().Select(async model =>
        {
            DeviceNeeds needs = DeviceNeeds.Of(spec, ModelRole.Parse(model.Role), State.Data);
            if (State.Phase != RunPhase.Training || !_driven || cancellation.IsCancellationRequested
                || _confirmed.Contains(model.Role) || !HasDevice(model.Role, needs) || !_unfit.MayTry(model.Role, fleet.Fitting(needs)))
            {
                return true;
            }

            try
            {
                ModelStatus status = await CallAsync(
                    term =>
                    {
                        needs.Hint();
                        return model.Grain.StartAsync(new ModelStart(State.Spec, hash, term, _retrying.Contains(model.Role), State.Data?.Fingerprint ?? string.Empty, needs.Memory), cancellation);
                    },
                    () => State.Phase == RunPhase.Training && _driven);
                if (hash == State.SpecHash)
                {
                    _retrying.Remove(model.Role);

                    // A report of its may have overtaken the answer.
                    if (status.Term >= (State.Models.GetValueOrDefault(model.Role)?.Term ?? 0))
                    {
                        await AcceptAsync(status, checkpoint: null, []);
                    }
                }

                // One that is stopped has met its silo's end, and starts on another silo next time.
                return status.Phase != ModelPhase.Stopped;
            }
            catch (InconsistentStateException) when (_row.IsLost)
            {
                // Another activation drives the run; this one is on its way out.
            }
            catch (StateVersionException e)
            {
                BeginSettling(RunPhase.Faulted, e.Message);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or StaleTermException or ObjectDisposedException or OperationCanceledException)
            {
                // The last two: its silo is on its way out.
                LogUnreachable(_name, model.Role, e.Message);
                return false;
            }
            catch (Exception e)
            {
                LogFault(e, _name);
                BeginSettling(RunPhase.Faulted, $"{model.Role} of run '{_name}' could not be started: {e.Message}");
            }

            return true;
        }));
        _looks = answered.All(a => a) ? 0 : _looks + 1;
        if (_looks > 0 && !cancellation.IsCancellationRequested)
        {
            _poll?.Change(NextLook(), options.Value.PollPeriod);
        }
    }

    /// <summary>
    /// Calls a model under the run's term. A model that has seen a higher one has met a newer activation, or the database has forgotten
    /// some: whoever can write the row is the newest, and goes on above the term that was seen.
    /// </summary>
    private async Task<ModelStatus> CallAsync(Func<long, Task<ModelStatus>> call, Func<bool> wanted)
    {
        try
        {
            return await call(State.Term);
        }
        catch (StaleTermException e) when (!_row.IsLost && wanted())
        {
            if (e.Current >= State.Term)
            {
                LogOutbid(_name, e.Current);
                State.Term = e.Current + 1;
                await SaveAsync();
            }

            return await call(State.Term);
        }
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

        // An island that was taken over has not met its peers yet, and one that is done does not any more.
        status = status with { Island = status.Island ?? _live.GetValueOrDefault(status.Role)?.Island ?? known?.Island };
        _live[status.Role] = status;
        _unfit.Note(status);
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
}
