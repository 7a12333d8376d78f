using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="RunGrain"/> that ends all work and enters the end phase.</summary>
internal sealed partial class RunGrain
{
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

        // Training stops whether or not this can be stored.
        Task stopping = end == RunPhase.Stopped ? EnterAsync(RunPhase.Stopping) : Task.CompletedTask;
        await _stop.CancelAsync();
        await _driving;
        _poll?.Dispose();
        _poll = null;
        _lacking = null;
        long began = clock.GetTimestamp();
        while (!(await Task.WhenAll(Models().Select(StopModelAsync))).All(ended => ended)
            && !_unstorable && !_row.IsLost && clock.GetElapsedTime(began) < options.Value.StorePatience)
        {
            // A model that waits for the database, or whose slice is long, answers that it has not ended yet.
        }

        await stopping.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (_left.IsCancellationRequested)
        {
            // The next activation finds the run stopping, or at work, and settles it or drives it on.
            return;
        }

        bool done = Models().All(m => State.Models.GetValueOrDefault(m.Role)?.Phase == ModelPhase.Done);
        await EndAsync(done ? RunPhase.Ready : end, done ? null : message);
    }

    private async Task EndAsync(RunPhase end, string? message)
    {
        try
        {
            await EnterAsync(end, message);
            await RemindAsync(false);
        }
        catch (InconsistentStateException)
        {
            // Another activation drives the run; this one is on its way out.
        }
        catch (Exception e)
        {
            // Who watches shall look at the status, and a resume tries again.
            LogUnstored(e, _name);
            State.Phase = end;
            State.Message = message;
            _events.Close();
        }
        finally
        {
            DelayDeactivation(TimeSpan.Zero);
            _activity.End(PhaseText(State.Phase));
        }
    }

    /// <summary>Returns whether it has ended, or cannot be asked.</summary>
    private async Task<bool> StopModelAsync((string Role, IModelGrain Grain) model)
    {
        try
        {
            ModelStatus status = await _calls.RunAsync(
                () => CallAsync(term => model.Grain.StopAsync(term), () => true), e => Retry.OfCall(e) && !_row.IsLost, null, _left.Token);
            if (status.Term >= (State.Models.GetValueOrDefault(model.Role)?.Term ?? 0) && status.Term > 0)
            {
                _live.Remove(model.Role);
                State.Models[model.Role] = status with { ImagesPerSecond = null };
            }

            return status.Phase != ModelPhase.Training;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or StaleTermException or OperationCanceledException)
        {
            // Unreachable is as good as stopped: its checkpoints are on disk.
            LogUnreachable(_name, model.Role, e.Message);
        }
        catch (Exception e)
        {
            LogNotStopped(e, _name, model.Role);
        }

        return true;
    }
}
