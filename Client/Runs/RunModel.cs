using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>Makes the contents of a model folder from a run's status and the bytes that it refers to.</summary>
internal static class RunModel
{
    /// <summary>The weights of a trained run: the experts in order, then the router.</summary>
    /// <exception cref="RunNotReadyException">It is not trained.</exception>
    public static ArtifactReference[] Weights(RunStatus status) => status is { Phase: RunPhase.Ready, Data: not null } && status.Models.All(m => m.Weights is not null)
        ? [.. status.Models.Select(m => m.Weights!)]
        : throw new RunNotReadyException(status.Name, status.Phase);

    /// <summary>The model.</summary>
    /// <param name="status">The run.</param>
    /// <param name="weights">Bytes of <see cref="Weights"/>.</param>
    public static ModelContents Of(RunStatus status, byte[][] weights)
    {
        RunSpec spec = SpecJson.Read(status.Spec);
        DataSummary data = status.Data!;
        int experts = spec.Experts.Count;
        return new ModelContents
        {
            Spec = spec,
            Channels = data.Channels,
            Height = data.Height,
            Width = data.Width,
            Classes = data.Classes,
            Priors = data.Priors,
            Experts = weights[..experts],
            Router = weights.Length > experts ? weights[experts] : null,
        };
    }
}
