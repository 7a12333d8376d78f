using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="RunGrain"/> that finds a silo with the run's data.</summary>
internal sealed partial class RunGrain
{
    /// <summary>Prepares the data here or, where this silo has not got it, wherever it is; waits for such a silo if runs wait.</summary>
    private async Task<(DataSummary Data, string? Note)> PrepareAsync(RunSpec spec, string known, CancellationToken stop)
    {
        if (spec.Islands.IsOnHosts())
        {
            return await PrepareOnHostsAsync(spec, known, stop);
        }

        while (true)
        {
            string lacking;
            try
            {
                return (await slots.RunAsync(Lane.Training, () => RunData.Prepare(runtime, spec, known, stop), stop), null);
            }
            catch (DatasetException e) when (options.Value.WaitForData)
            {
                lacking = $"{silos.Self}: {e.Message}";
            }

            foreach (ActiveSilo other in silos.Active().Where(s => s.Name != silos.Self))
            {
                try
                {
                    return (await silos.Host(other).PrepareAsync(State.Spec, known, stop), null);
                }
                catch (DataUnavailableException e)
                {
                    lacking += " " + e.Message;
                }
                catch (Exception e) when (Retry.OfCall(e))
                {
                    LogUnreachable(_name, other.Name, e.Message);
                }

                stop.ThrowIfCancellationRequested();
            }

            await WaitForDataAsync($"a silo with data '{spec.Data.Name}' ({lacking})", lacking, stop);
        }
    }

    /// <summary>Says once what the run waits for, and waits for a while.</summary>
    private Task WaitForDataAsync(string waiting, string lacking, CancellationToken stop)
    {
        if (_lacking != waiting)
        {
            _lacking = waiting;
            LogLacking(_name, lacking);
            _events.SendTelemetry(new RunEvent { Message = $"Waiting for {waiting}" });
        }

        return Task.Delay(options.Value.SearchPeriod, clock, stop);
    }
}
