using Microsoft.Extensions.Logging;

using Orleans.Runtime;
using Orleans.Runtime.Services;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>The silo's images as a service that other silos can ask. A new silo knows nothing of a clustering that is under way.</summary>
internal sealed class ImageHost(GrainId id, Silo silo, ILoggerFactory loggers, HostImagery imagery, ILocalSiloDetails details) : GrainService(id, silo, loggers), IImageHost
{
    public Task<HostImages> SurveyImagesAsync(string spec, CancellationToken cancellation = default) =>
        AnswerAsync(() => imagery.SurveyAsync(SpecJson.Read(spec), cancellation));

    public Task OpenPointsAsync(string spec, string features, CancellationToken cancellation = default) => AnswerAsync(async () =>
    {
        await imagery.OpenAsync(SpecJson.Read(spec), features, cancellation);
        return true;
    });

    public Task<PointsAnswer> AskPointsAsync(PointsQuestion question, CancellationToken cancellation = default) => imagery.AskAsync(question, cancellation);

    public Task<HostSamples> ShareImagesAsync(string spec, string plan, CancellationToken cancellation = default) =>
        AnswerAsync(() => imagery.ShareAsync(SpecJson.Read(spec), HostPlan.FromJson(plan), cancellation));

    private async Task<T> AnswerAsync<T>(Func<Task<T>> answer)
    {
        try
        {
            return await answer();
        }
        catch (DatasetException e)
        {
            throw new DataUnavailableException($"{details.Name}: {e.Message}") { IsMissing = e.IsNotFound };
        }
        catch (SpecException e)
        {
            throw new BadRequestException(e.Message);
        }
    }
}

/// <summary>Asks image hosts from grains.</summary>
internal sealed class ImageHostClient(IServiceProvider services) : GrainServiceClient<IImageHost>(services)
{
    /// <summary>The image host of a silo.</summary>
    public IImageHost On(SiloAddress silo) => GetGrainService(silo);
}
