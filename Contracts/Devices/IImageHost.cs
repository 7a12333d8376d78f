using Orleans.Services;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Devices;

/// <summary>The images of one silo, of runs whose images stay with their hosts; one service per silo. It tells others sums over them, and never an image.</summary>
[SilosOnly]
[Alias(Aliases.ImageHost)]
public interface IImageHost : IGrainService
{
    /// <summary>Loads the images that this silo has of a run whose images stay with their hosts, and says what they are like.</summary>
    /// <param name="spec">The run's spec as canonical JSON.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DataUnavailableException">This silo has none, or they are damaged.</exception>
    [ResponseTimeout("00:10:00")]
    [Alias(Aliases.SurveyImages)]
    Task<HostImages> SurveyImagesAsync(string spec, CancellationToken cancellation = default);

    /// <summary>Makes this silo's images ready for <see cref="AskPointsAsync"/>.</summary>
    /// <param name="spec">The run's spec as canonical JSON.</param>
    /// <param name="features">The features common to all hosts, as JSON.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DataUnavailableException">This silo has none, or they are damaged.</exception>
    [ResponseTimeout("00:10:00")]
    [Alias(Aliases.OpenPoints)]
    Task OpenPointsAsync(string spec, string features, CancellationToken cancellation = default);

    /// <summary>Answers a question of k-means with sums over this silo's images. Asking again gives the same.</summary>
    /// <exception cref="DataUnavailableException">They were not opened since this silo began, or were given up for those of newer runs.</exception>
    [ResponseTimeout("00:05:00")]
    [Alias(Aliases.AskPoints)]
    Task<PointsAnswer> AskPointsAsync(PointsQuestion question, CancellationToken cancellation = default);

    /// <summary>Assigns this silo's images to clusters, deals them out to its peers, and says how many images of each cluster these have.</summary>
    /// <param name="spec">The run's spec as canonical JSON.</param>
    /// <param name="plan">The clusters and the names of the hosts, as JSON.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DataUnavailableException">This silo has none, or they do not fit.</exception>
    /// <exception cref="BadRequestException">There are too few for its peers.</exception>
    [ResponseTimeout("00:10:00")]
    [Alias(Aliases.ShareImages)]
    Task<HostSamples> ShareImagesAsync(string spec, string plan, CancellationToken cancellation = default);
}
