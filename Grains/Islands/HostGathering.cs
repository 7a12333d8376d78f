using System.Globalization;
using System.Text.Json;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>Brings the hosts of a run together at its beginning: finds those that have images, clusters them all without moving one, and asks each what its peers hold.</summary>
internal sealed class HostGathering(RunSpec spec, string json, SlotPool slots)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="silos">The silos that are up, by name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DatasetException">Too few hosts have images, which may pass (<see cref="DatasetException.IsNotFound"/>), or those of two do not go together.</exception>
    /// <exception cref="SpecException">There are too few peers, or too few images for them.</exception>
    /// <exception cref="DataUnavailableException">A host has left meanwhile.</exception>
    public async Task<HostPlan> PlanAsync(IReadOnlyDictionary<string, IImageHost> silos, CancellationToken cancellation)
    {
        HostSurvey[] surveys = await FindAsync(silos, cancellation);
        FeatureState? features = await slots.RunAsync(Lane.Training, () => HostClustering.Features(spec, surveys), cancellation);
        KMeansResult? fine = null;
        if (features is not null)
        {
            string text = JsonSerializer.Serialize(features);
            await Task.WhenAll(surveys.Select(s => silos[s.Host].OpenPointsAsync(json, text, cancellation)));
            PointsWire[] points = [.. surveys.Select(s => new PointsWire(s.Host, silos[s.Host], SpecJson.Hash(spec), features.Sizes[^1]))];
            fine = await HostClustering.FineAsync(spec, features, points, cancellation);
        }

        HostPlan plan = await slots.RunAsync(Lane.Training, () => HostClustering.Plan(spec, surveys, features, fine), cancellation);
        string draft = plan.ToJson();
        HostSamples[] samples = await Task.WhenAll(plan.Shares.Select(s => silos[s.Host].ShareImagesAsync(json, draft, cancellation)));
        return plan with
        {
            Shares = [.. plan.Shares.Zip(samples, (share, own) => new HostShare(share.Host, own.Images, own.Fingerprint, own.Samples, own.Labels))],
        };
    }

    private async Task<HostSurvey[]> FindAsync(IReadOnlyDictionary<string, IImageHost> silos, CancellationToken cancellation)
    {
        (HostSurvey? Survey, string Reason)[] asked = await Task.WhenAll(silos.Select(async silo =>
        {
            try
            {
                HostImages images = await silo.Value.SurveyImagesAsync(json, cancellation);
                PcaStatistics? statistics = images.Sum.Length == 0
                    ? null
                    : PcaStatistics.From(images.Channels, images.Height, images.Width, images.Images, images.Sum, images.Products);
                return ((HostSurvey?)new HostSurvey(
                    silo.Key, images.Channels, images.Height, images.Width, images.Labelled, images.ClassNames, images.Images, statistics), string.Empty);
            }
            catch (DataUnavailableException e)
            {
                return (null, e.Message);
            }
            catch (Exception e) when (Retry.OfCall(e))
            {
                return (null, $"{silo.Key}: {e.Message}");
            }
        }));
        HostSurvey[] found = [.. asked.Where(a => a.Survey is not null).Select(a => a.Survey!).OrderBy(s => s.Host, StringComparer.Ordinal)];
        if (found.Length < spec.Islands.MinHosts)
        {
            string reasons = string.Join(" ", asked.Where(a => a.Survey is null).Select(a => a.Reason));
            throw new DatasetException($"Data set '{spec.Data.Name}'", string.Create(
                CultureInfo.InvariantCulture,
                $"is on {found.Length} hosts, but islands.minHosts is {spec.Islands.MinHosts}: start a silo on each host that has images of it {(reasons.Length > 0 ? $"({reasons.TrimEnd('.')})" : string.Empty)}").TrimEnd())
            {
                IsNotFound = true,
            };
        }

        if (found.Length > spec.Islands.Peers)
        {
            throw new SpecException("islands.peers", $"is {spec.Islands.Peers}, but {found.Length} hosts have images ({string.Join(", ", found.Select(s => s.Host))}), and each needs a peer; raise it");
        }

        return found;
    }
}
