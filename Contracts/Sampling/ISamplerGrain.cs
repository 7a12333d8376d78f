using Orleans.Concurrency;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Sampling;

/// <summary>Draws the samples of one request. Key: <see cref="GrainKeys.Sample"/>, one id per request.</summary>
[Alias(Aliases.SamplerGrain)]
public interface ISamplerGrain : IGrainWithStringKey
{
    /// <summary>Samples step by step; the last item carries the samples. The same request gives the same samples.</summary>
    /// <exception cref="BadRequestException">The request names no run, or a value of it is out of range.</exception>
    /// <exception cref="RunNotFoundException">Nothing was submitted under the name.</exception>
    /// <exception cref="RunNotReadyException">The run is not trained.</exception>
    /// <exception cref="ArtifactException">No live silo has good weights of a model that is asked for.</exception>
    /// <exception cref="TimeoutException">No silo evaluates a model that is asked for, or the run does not answer.</exception>
    [Allow(Roles.Submitter)]
    [Alias(Aliases.Sample)]
    IAsyncEnumerable<SampleProgress> SampleAsync(SampleRequest request, CancellationToken cancellation = default);

    /// <summary>Whether it is drawing. One that was, and is not any more though nobody was told the end, has lost its silo.</summary>
    [Allow(Roles.Submitter)]
    [AlwaysInterleave]
    [Alias(Aliases.IsDrawing)]
    Task<bool> IsDrawingAsync(CancellationToken cancellation = default);
}
