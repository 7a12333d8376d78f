using System.Globalization;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Web;

/// <summary>Reads runs for the page. Reads are shared: however many look at a run, it is asked once in <see cref="ClusterView.Freshness"/>.</summary>
internal sealed class RunView(IGrainFactory grains, ClusterView cluster, SampleGrids samples, TimeProvider clock, IReplication? replication = null)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Reading> _readings = [];

    private readonly record struct Reading(long Began, Task<RunPage?> Page);

    /// <summary>The run now; null = the silo where it is does not answer.</summary>
    public Task<RunPage?> GetAsync(string name, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_readings.TryGetValue(name, out Reading reading) || IsStale(reading))
            {
                Forget();

                // It goes on without the page that asked first: others wait for it too.
                _readings[name] = reading = new Reading(clock.GetTimestamp(), Task.Run(() => TryReadAsync(name), CancellationToken.None));
            }

            return reading.Page.WaitAsync(cancellation);
        }
    }

    // Nobody may look at those runs any more.
    private void Forget()
    {
        foreach ((string name, Reading reading) in _readings)
        {
            if (IsStale(reading))
            {
                _readings.Remove(name);
            }
        }
    }

    private bool IsStale(Reading reading) => reading.Page.IsCompleted && clock.GetElapsedTime(reading.Began) >= ClusterView.Freshness;

    private async Task<RunPage?> TryReadAsync(string name)
    {
        try
        {
            return await ReadAsync(name);
        }
        catch (Exception e)
        {
            return ClusterView.IsSilence(e) ? null : new RunPage(name, "unreadable", e.Message, null, string.Empty, [], [], [], null, false);
        }
    }

    private async Task<RunPage> ReadAsync(string name)
    {
        RunStatus run = await grains.GetGrain<IRunGrain>(GrainKeys.Run(name)).GetStatusAsync();
        Dictionary<string, string> places = Places(name, (await cluster.GetAsync(CancellationToken.None)).Silos);
        ArtifactRow[] artifacts = [.. run.Models.SelectMany(Artifacts)];
        if (replication is not null)
        {
            IReadOnlyDictionary<string, string[]> holders = await replication.HoldersAsync([.. artifacts.Select(a => a.Sha256).Distinct()], CancellationToken.None);
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
