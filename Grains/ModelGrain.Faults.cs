using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Storage;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains;

/// <content>How training ends where it cannot go on here.</content>
internal abstract partial class ModelGrain
{
    /// <summary>Leaves the model to the activation that has taken it over, without another effect.</summary>
    private void GiveUp(string reason)
    {
        LogSuperseded(_role, reason);
        State.Phase = ModelPhase.Stopped;
        DeactivateOnIdle();
    }

    /// <summary>Tells the run that this silo is not fit, and goes to the next one, where the run can start the model.</summary>
    private async Task WaitElsewhereAsync(string lacking, string specHash)
    {
        LogLacking(_role, lacking);
        State.Phase = ModelPhase.Waiting;
        _lacking = lacking;
        await TellRunAsync(specHash, checkpoint: null, []);

        // Each silo in turn: a new activation would be placed here again as likely as not.
        ActiveSilo[] others = [.. services.Fleet.Fitting(_needs).Where(s => s.Name != services.Silos.Self).OrderBy(s => s.Name, StringComparer.Ordinal)];
        if (others.Length == 0 || _leaving)
        {
            DeactivateOnIdle();
            return;
        }

        ActiveSilo next = others.FirstOrDefault(s => string.CompareOrdinal(s.Name, services.Silos.Self) > 0) ?? others[0];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, next.Address);
        MigrateOnIdle();
    }

    /// <summary>Waits for a silo with such a device, or faults where runs do not wait.</summary>
    private Task LackAsync(string device, string instead, string specHash) => services.Options.Value.WaitForData
        ? WaitElsewhereAsync(device, specHash)
        : FaultAsync(new InvalidOperationException($"It needs {device} (training.device, training.deviceMemory), and this silo has not got it: {instead}."), specHash);

    private async Task FaultAsync(Exception e, string specHash)
    {
        if (e is not (TrainingDivergedException or DatasetException))
        {
            LogFault(e, _role);
        }

        State.Phase = ModelPhase.Faulted;
        State.Message = e is TrainingDivergedException
            ? $"{_role} diverged: {e.Message} Lower training.learningRate or set training.clipNorm; its last good checkpoint is of step {State.Checkpoints.LastOrDefault()?.Step ?? 0}."
            : $"{_role} failed: {e.Message}";
        try
        {
            await _row.SaveAsync(patient: false);
        }
        catch (InconsistentStateException lost)
        {
            GiveUp(lost.Message);
            return;
        }
        catch (Exception storage)
        {
            // The fault is still told to the run below; a new activation would try again from the last checkpoint.
            LogFault(storage, _role);
        }

        await TellRunAsync(specHash, checkpoint: null, []);
    }
}
