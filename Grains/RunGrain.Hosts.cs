using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="RunGrain"/> for runs whose images stay with their hosts.</summary>
internal sealed partial class RunGrain
{
    /// <summary>
    /// Brings the hosts together, or looks which of those that the run began with are there and still have what they had. One that is away or has other images is
    /// as good as unreachable, and the note says so; one fit host is enough to go on.
    /// </summary>
    private async Task<(DataSummary Data, string? Note)> PrepareOnHostsAsync(RunSpec spec, string known, CancellationToken stop)
    {
        IHostPlanGrain plans = GrainFactory.GetGrain<IHostPlanGrain>(GrainKeys.HostPlan(_name));
        while (true)
        {
            Dictionary<string, ActiveSilo> up = silos.Active().ToDictionary(s => s.Name);
            string lacking;
            try
            {
                string fingerprint = known;
                if (fingerprint.Length == 0)
                {
                    HostPlan made = await new HostGathering(spec, State.Spec, slots).PlanAsync(up.ToDictionary(s => s.Key, s => images.On(s.Value.Address)), stop);
                    fingerprint = made.Summary().Fingerprint;
                    await plans.StoreAsync(made.ToJson(), fingerprint, State.Term, stop);
                }

                (DataSummary? data, string? reasons) = await CheckHostsAsync(await PlanOfAsync(plans, fingerprint, stop), up, fingerprint, stop);
                if (data is not null)
                {
                    return (data, reasons);
                }

                lacking = reasons!;
                if (!options.Value.WaitForData)
                {
                    throw new DatasetException($"No host of run '{_name}'", $"can go on: {lacking.TrimEnd('.')}");
                }
            }
            catch (DatasetException e) when (e.IsNotFound && options.Value.WaitForData)
            {
                lacking = e.Message;
            }
            catch (Exception e) when (Retry.OfCall(e) || e is DataUnavailableException { IsMissing: true })
            {
                // A host has left in the middle of it.
                lacking = e.Message;
            }

            stop.ThrowIfCancellationRequested();
            await WaitForDataAsync($"hosts with data '{spec.Data.Name}' ({lacking})", lacking, stop);
        }
    }

    private static async Task<HostPlan> PlanOfAsync(IHostPlanGrain plans, string fingerprint, CancellationToken stop)
    {
        string json = await plans.GetAsync(string.Empty, stop) ?? string.Empty;
        HostPlan? plan = json.Length == 0 ? null : HostPlan.FromJson(json);
        return plan is not null && plan.Fingerprint == fingerprint
            ? plan
            : throw new DatasetException("The plan of the hosts", "is lost or is not that with which the run began; remove the run and train anew");
    }

    private async Task<(DataSummary? Data, string? Reasons)> CheckHostsAsync(
        HostPlan plan, Dictionary<string, ActiveSilo> up, string fingerprint, CancellationToken stop)
    {
        (DataSummary? Data, string? Reason)[] hosts = await Task.WhenAll(plan.Shares.Select(async share =>
        {
            if (!up.TryGetValue(share.Host, out ActiveSilo? silo))
            {
                return ((DataSummary?)null, $"Host '{share.Host}' takes no part: it is down.");
            }

            try
            {
                return (await silos.Host(silo).PrepareAsync(State.Spec, fingerprint, stop), (string?)null);
            }
            catch (Exception e) when (e is DataUnavailableException || Retry.OfCall(e))
            {
                LogNoPart(_name, share.Host, e.Message);
                return (null, $"Host '{share.Host}' takes no part: {e.Message}");
            }
        }));
        string[] reasons = [.. hosts.Where(h => h.Reason is not null).Select(h => h.Reason!)];
        return (hosts.Select(h => h.Data).FirstOrDefault(d => d is not null), reasons.Length == 0 ? null : string.Join(" ", reasons));
    }

    [LoggerMessage(EventId = 1042, Level = LogLevel.Warning, Message = "Run {Name}: host {Host} takes no part: {Reason}")]
    private partial void LogNoPart(string name, string host, string reason);
}
