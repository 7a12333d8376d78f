using System.Globalization;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Web;

/// <summary>Reads one run for the page.</summary>
internal sealed class RunView(IGrainFactory grains, ClusterView cluster, SampleGrids samples, IReplication? replication = null)
{
    /// <summary>The run now.</summary>
    public async Task<RunPage> GetAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(name, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && !ClusterView.IsSilence(e))
        {
            return new RunPage(name, "unreadable", e.Message, null, string.Empty, [], [], [], null, false);
        }
    }

    private async Task<RunPage> ReadAsync(string name, CancellationToken cancellation)
    {
        RunStatus run = await grains.GetGrain<IRunGrain>(GrainKeys.Run(name)).GetStatusAsync(cancellation);
        Dictionary<string, string> places = Places(name, (await cluster.GetAsync(cancellation)).Silos);
        ArtifactRow[] artifacts = [.. run.Models.SelectMany(Artifacts)];
        if (replication is not null)
        {
            IReadOnlyDictionary<string, string[]> holders = await replication.HoldersAsync([.. artifacts.Select(a => a.Sha256).Distinct()], cancellation);
            artifacts = [.. artifacts.Select(a => a with { Holders = holders.GetValueOrDefault(a.Sha256) })];
        }

        return new RunPage(
            name,
            run.Phase.ToString().ToLowerInvariant(),
            run.Message,
            run.Waiting,
            Words(run),
            run.Data?.Priors ?? [],
            [.. run.Models.Select(m => new ModelRow(
                m.Role, m.Phase.ToString().ToLowerInvariant(), m.Step, m.Steps, m.Loss, m.ValidationLoss, m.ImagesPerSecond, places.GetValueOrDefault(m.Role), m.Waiting))],
            artifacts,
            samples.Find(run)?.Tag,
            run.Phase == RunPhase.Ready);
    }

    /// <summary>Role to silo and slot, from what the slots say they train.</summary>
    internal static Dictionary<string, string> Places(string run, IEnumerable<SiloCard> silos) => silos
        .SelectMany(silo => silo.Slots ?? [], (silo, slot) => (silo, slot))
        .SelectMany(p => p.slot.Sessions, (p, key) => (Key: key, Place: string.Create(CultureInfo.InvariantCulture, $"{p.silo.Name}, slot {p.slot.Index}")))
        .Where(p => p.Key.StartsWith(GrainKeys.Model(run, " ").TrimEnd(), StringComparison.Ordinal))
        .GroupBy(p => GrainKeys.ModelName(p.Key).Role)
        .ToDictionary(g => g.Key, g => g.First().Place);

    private static IEnumerable<ArtifactRow> Artifacts(ModelStatus model)
    {
        foreach (CheckpointReference checkpoint in model.Checkpoints)
        {
            string kind = checkpoint.Artifact == model.Best?.Artifact ? "checkpoint, best" : "checkpoint";
            yield return new ArtifactRow(model.Role, kind, checkpoint.Step, checkpoint.Artifact.Bytes, checkpoint.Artifact.Sha256, null);
        }

        if (model.Best is { } best && model.Checkpoints.All(c => c.Artifact != best.Artifact))
        {
            yield return new ArtifactRow(model.Role, "best", best.Step, best.Artifact.Bytes, best.Artifact.Sha256, null);
        }

        if (model.Weights is { } weights)
        {
            yield return new ArtifactRow(model.Role, "weights", null, weights.Bytes, weights.Sha256, null);
        }
    }

    private static string Words(RunStatus run)
    {
        string name = DataName.Shown(SpecJson.Read(run.Spec).Data.Name);
        return run.Data is not { } data ? name : string.Create(
            CultureInfo.InvariantCulture, $"{name}: {data.TrainCount} images of {data.Width} × {data.Height} {(data.Channels == 1 ? "grey" : "colour")} pixels");
    }
}
