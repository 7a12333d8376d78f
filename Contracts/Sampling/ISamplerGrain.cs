using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Contracts.Sampling;

/// <summary>Draws the samples of one request. Key: <see cref="GrainKeys.Sample"/>, one id per request.</summary>
[Alias(Aliases.SamplerGrain)]
public interface ISamplerGrain : IGrainWithStringKey
{
    /// <summary>Samples step by step; the last item carries the samples. The same request gives the same samples.</summary>
    /// <exception cref="BadRequestException">A value of the request is out of range.</exception>
    /// <exception cref="RunNotReadyException">The run is not trained.</exception>
    [Alias(Aliases.Sample)]
    IAsyncEnumerable<SampleProgress> SampleAsync(SampleRequest request, CancellationToken cancellation = default);
}
