using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>Drains silos, evens out their work and tells of their devices. Recovery: it remembers nothing; whoever asked asks again. Key: 0.</summary>
internal sealed partial class ClusterGrain(SiloDirectory silos, DeviceFeed feed, ILogger<ClusterGrain> logger) : Grain, IClusterGrain
{
    public Task DrainAsync(string silo, CancellationToken cancellation = default)
    {
        IReadOnlyList<ActiveSilo> active = silos.Active();
        ActiveSilo leaving = active.FirstOrDefault(s => s.Name == silo)
            ?? throw new SiloNotFoundException(silo, active.Select(s => s.Name).Order(StringComparer.Ordinal));
        return silos.Host(leaving).DrainAsync(cancellation);
    }

    public async Task<ModelMove[]> RebalanceAsync(CancellationToken cancellation = default)
    {
        DeviceStatus[] statuses = [.. (await Task.WhenAll(silos.Active().Select(s => AskAsync(s, cancellation)))).OfType<DeviceStatus>()];
        var moved = new List<ModelMove>();
        foreach (IGrouping<string, ModelMove> moves in Rebalancing.Plan(statuses, await NeedsAsync(statuses, cancellation)).GroupBy(m => m.Run))
        {
            IRunGrain run = GrainFactory.GetGrain<IRunGrain>(GrainKeys.Run(moves.Key));
            RunStatus status = await run.GetStatusAsync(cancellation);
            if (status.Phase != RunPhase.Training)
            {
                continue;
            }

            RunSpec spec = SpecJson.Read(status.Spec);
            foreach (ModelMove move in moves)
            {
                if (await GrainFactory.GetModel(move.Run, spec, ModelRole.Parse(move.Role)).MoveAsync(move.To, cancellation))
                {
                    moved.Add(move);
                }
            }

            // Whoever attaches has the run look at its models, which starts them where they are now.
            await run.SubmitAsync(status.Spec, force: false, cancellation);
        }

        return [.. moved];
    }

    public async Task<DeviceStatus[]> GetDevicesAsync(CancellationToken cancellation = default) =>
        [.. (await feed.ReadAsync().WaitAsync(cancellation)).Values.OrderBy(s => s.Silo, StringComparer.Ordinal)];

    private async Task<DeviceStatus?> AskAsync(ActiveSilo silo, CancellationToken cancellation)
    {
        try
        {
            return await silos.Host(silo).GetStatusAsync(cancellation);
        }
        catch (Exception e) when (Retry.OfCall(e))
        {
            LogLeftOut(silo.Name, e.Message);
            return null;
        }
    }

    /// <summary>What the models in training need of a device, by the key of their grain; without those that stay, as they train by islands or their run does not answer.</summary>
    private async Task<Dictionary<string, DeviceNeeds>> NeedsAsync(DeviceStatus[] statuses, CancellationToken cancellation)
    {
        var needs = new Dictionary<string, DeviceNeeds>();
        IEnumerable<string> keys = statuses.SelectMany(s => s.Slots).SelectMany(s => s.Sessions);
        foreach (IGrouping<string, string> models in keys.GroupBy(k => GrainKeys.ModelName(k).Run))
        {
            try
            {
                RunStatus run = await GrainFactory.GetGrain<IRunGrain>(GrainKeys.Run(models.Key)).GetStatusAsync(cancellation);
                RunSpec spec = SpecJson.Read(run.Spec);

                // What an island's record does is little, and its peers stay on their hosts.
                foreach (string key in models.Where(_ => spec.Islands.Peers == 0))
                {
                    needs[key] = DeviceNeeds.Of(spec, ModelRole.Parse(GrainKeys.ModelName(key).Role), run.Data);
                }
            }
            catch (Exception e) when (e is SpecException || Retry.OfCall(e))
            {
                // They stay where they are.
            }
        }

        return needs;
    }

    [LoggerMessage(EventId = 1015, Level = LogLevel.Warning, Message = "Silo {Silo} does not answer, and work is evened out without it: {Reason}")]
    private partial void LogLeftOut(string silo, string reason);
}
