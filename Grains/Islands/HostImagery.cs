using System.Text.Json;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>The images of this silo, of runs whose images stay with their hosts: what is answered to others, and the plan by which it itself goes.</summary>
internal sealed class HostImagery(ILearningRuntime runtime, SlotPool slots, IGrainFactory grains, SiloDirectory silos)
{
    // Runs that are clustered at the same time; more than that take turns.
    private const int MaxClusterings = 4;

    private readonly Lock _lock = new();

    // By the spec's hash, the one that was asked last at the end. A run that ends meanwhile tells nobody.
    private readonly OrderedDictionary<string, KMeansShard> _points = [];

    /// <summary>Clusterings under way, as far as is known here.</summary>
    public int Clusterings
    {
        get
        {
            lock (_lock)
            {
                return _points.Count;
            }
        }
    }

    private IHostLearning Learning => runtime.HostImages
        ?? throw new SpecException("islands.shards", $"cannot be 'hosts': silo '{silos.Self}' knows no such runs");

    /// <summary>See <see cref="IImageHost.SurveyImagesAsync"/>.</summary>
    public async Task<HostImages> SurveyAsync(RunSpec spec, CancellationToken cancellation)
    {
        HostSurvey own = await slots.RunAsync(Lane.Training, () => Learning.Survey(spec, silos.Self), cancellation);
        return new HostImages(
            own.Channels, own.Height, own.Width, own.Labelled, [.. own.ClassNames], own.Images, own.Statistics?.Sum ?? [], own.Statistics?.Products ?? []);
    }

    /// <summary>See <see cref="IImageHost.OpenPointsAsync"/>.</summary>
    public async Task OpenAsync(RunSpec spec, string features, CancellationToken cancellation)
    {
        FeatureState state = JsonSerializer.Deserialize<FeatureState>(features) ?? throw new BadRequestException("The features are empty.");
        KMeansShard shard = await slots.RunAsync(Lane.Training, () => Learning.Points(spec, silos.Self, state), cancellation);
        string hash = SpecJson.Hash(spec);
        lock (_lock)
        {
            _points.Remove(hash);
            _points.Add(hash, shard);
            if (_points.Count > MaxClusterings)
            {
                _points.RemoveAt(0);
            }
        }
    }

    /// <summary>See <see cref="IImageHost.AskPointsAsync"/>.</summary>
    public Task<PointsAnswer> AskAsync(PointsQuestion question, CancellationToken cancellation)
    {
        KMeansShard shard = Find(question.SpecHash)
            ?? throw new DataUnavailableException($"{silos.Self}: the clustering began before this silo did, or was given up for newer ones.") { IsMissing = true };
        return slots.RunAsync(
            Lane.Training,
            () =>
            {
                lock (shard)
                {
                    return PointsWire.Answer(shard, question);
                }
            },
            cancellation);
    }

    /// <summary>See <see cref="IImageHost.ShareImagesAsync"/>.</summary>
    public async Task<HostSamples> ShareAsync(RunSpec spec, HostPlan plan, CancellationToken cancellation)
    {
        string hash = SpecJson.Hash(spec);
        KMeansShard? shard = Find(hash);
        try
        {
            return await slots.RunAsync(
                Lane.Training,
                () =>
                {
                    HostAssignment own = Learning.Assign(spec, silos.Self, plan);
                    int[][] peers = [.. IslandPlan.OnHost(spec, plan, silos.Self, own.Clusters.Count).Values];
                    int[][] counts = [.. peers.Select(rows => Count(rows, own.Clusters, spec.Experts.Count))];
                    return new HostSamples(own.Clusters.Count, own.Fingerprint, counts, own.Labels);
                },
                cancellation);
        }
        finally
        {
            Forget(hash, shard);
        }
    }

    /// <summary>Takes the newest plan of a run over, where its images stay with their hosts; otherwise there is nothing to do.</summary>
    /// <exception cref="DatasetException">This silo has no part of the run, or not what it had when the run began.</exception>
    public async Task AdoptAsync(RunSpec spec, CancellationToken cancellation)
    {
        if (!spec.Islands.IsOnHosts())
        {
            return;
        }

        string? plan = await grains.GetGrain<IHostPlanGrain>(GrainKeys.HostPlan(spec.Name)).GetAsync(Learning.AdoptedPlan(spec), cancellation);
        if (plan is { Length: 0 })
        {
            throw new DatasetException(spec.Data.Name, $"of run '{spec.Name}' has not been clustered yet") { IsNotFound = true };
        }

        if (plan is not null)
        {
            await slots.RunAsync(
                Lane.Training,
                () =>
                {
                    Learning.Adopt(spec, silos.Self, HostPlan.FromJson(plan));
                    return true;
                },
                cancellation);
        }
    }

    private KMeansShard? Find(string hash)
    {
        lock (_lock)
        {
            if (_points.Remove(hash, out KMeansShard? shard))
            {
                _points.Add(hash, shard);
            }

            return shard;
        }
    }

    // Not that of a clustering that has begun again meanwhile.
    private void Forget(string hash, KMeansShard? shard)
    {
        lock (_lock)
        {
            if (_points.TryGetValue(hash, out KMeansShard? known) && known == shard)
            {
                _points.Remove(hash);
            }
        }
    }

    private static int[] Count(int[] rows, IReadOnlyList<int> clusters, int count)
    {
        int[] counts = new int[count];
        foreach (int row in rows)
        {
            counts[clusters[row]]++;
        }

        return counts;
    }
}
