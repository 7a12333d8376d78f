using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// Learning on images that stay with their hosts, beside <see cref="Training.ILearningRuntime"/>, under the same rules: heavy work, called on a slot's thread;
/// thread-safe. Once a plan is adopted, everything else that is asked for the run is answered from this host's images and that plan.
/// </summary>
public interface IHostLearning
{
    /// <summary>Loads this host's images and says what they are like.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="host">Name of this host: ids of its images, and so their hold-out, are keyed by it.</param>
    /// <exception cref="DatasetException">They are missing or damaged.</exception>
    HostSurvey Survey(RunSpec spec, string host);

    /// <summary>This host's training images as points of k-means.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="host">Name of this host.</param>
    /// <param name="features">Features that all hosts share.</param>
    /// <exception cref="DatasetException">The images are missing or damaged.</exception>
    KMeansShard Points(RunSpec spec, string host, FeatureState features);

    /// <summary>Assigns this host's training images to the clusters of a plan.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="host">Name of this host.</param>
    /// <param name="plan">The plan; its shares do not matter.</param>
    /// <exception cref="DatasetException">The images are missing or damaged, or do not fit the plan.</exception>
    HostAssignment Assign(RunSpec spec, string host, HostPlan plan);

    /// <summary>Takes a plan over. Repeating it changes nothing.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="host">Name of this host; null = a looker-on, whose images are no part of the run but are assigned in its terms.</param>
    /// <param name="plan">The plan.</param>
    /// <exception cref="DatasetException">This host has no share, or its images are not those of its share.</exception>
    void Adopt(RunSpec spec, string? host, HostPlan plan);

    /// <summary>Fingerprint of the plan that was adopted last for a run; empty = none.</summary>
    string AdoptedPlan(RunSpec spec);
}

/// <summary>What a host's images are like.</summary>
/// <param name="Host">Name of the host.</param>
/// <param name="Channels">C of the images (C, H, W).</param>
/// <param name="Height">H in pixels.</param>
/// <param name="Width">W in pixels.</param>
/// <param name="Labelled">Whether they have classes.</param>
/// <param name="ClassNames">Names of the classes.</param>
/// <param name="Images">Training images.</param>
/// <param name="Statistics">Sums from which features common to all hosts are made; null where the clustering needs none.</param>
public sealed record HostSurvey(
    string Host, int Channels, int Height, int Width, bool Labelled, IReadOnlyList<string> ClassNames, int Images, PcaStatistics? Statistics);

/// <summary>The clusters of a host's training images.</summary>
/// <param name="Clusters">(N) cluster of each.</param>
/// <param name="Fingerprint">SHA-256 over images and clusters.</param>
/// <param name="Labels">[cluster][class] images; null without classes.</param>
public sealed record HostAssignment(IReadOnlyList<int> Clusters, string Fingerprint, long[][]? Labels);
