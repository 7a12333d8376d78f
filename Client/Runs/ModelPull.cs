using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Client.Runs;

/// <summary>Brings the trained model of a cluster's run to a folder of this machine; an interrupted pull goes on where it was.</summary>
internal static class ModelPull
{
    /// <summary>Fetches the model unless the folder holds it already.</summary>
    /// <param name="grains">The cluster.</param>
    /// <param name="status">The run.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="progress">Told what comes.</param>
    /// <param name="cancellation">Gives up; the next call goes on.</param>
    /// <exception cref="RunNotReadyException">The run is not trained.</exception>
    /// <exception cref="ArtifactException">No live silo has a good copy of some weights.</exception>
    public static async Task<ModelContents> ToAsync(IGrainFactory grains, RunStatus status, string folder, IProgressSink progress, CancellationToken cancellation)
    {
        ArtifactReference[] weights = RunModel.Weights(status);
        if (Held(folder, weights) is { } held)
        {
            return held;
        }

        // Beside the model, where the next pull finds what this one has got.
        string parts = folder + ".pull";
        var download = new ArtifactDownload(grains.GetGrain<IArtifactsGrain>(GrainKeys.Artifacts), parts);
        progress.Say($"Fetching {weights.Length} models of {weights.Sum(w => w.Bytes)} bytes.");
        var bytes = new byte[weights.Length][];
        for (int i = 0; i < weights.Length; i++)
        {
            bytes[i] = await download.ReadAsync(weights[i], progress: null, cancellation);
            progress.Say($"{status.Models[i].Role}: {bytes[i].Length} bytes.");
        }

        ModelContents model = RunModel.Of(status, bytes);
        ModelFolder.Write(folder, model);
        Directory.Delete(parts, recursive: true);
        return model;
    }

    private static ModelContents? Held(string folder, ArtifactReference[] weights)
    {
        try
        {
            if (!Directory.Exists(folder))
            {
                return null;
            }

            ModelContents model = ModelFolder.Read(folder);
            byte[][] held = model.Router is null ? model.Experts : [.. model.Experts, model.Router];
            return held.Select(h => ArtifactNames.Of(h)).SequenceEqual(weights.Select(w => w.Sha256)) ? model : null;
        }
        catch (ModelIntegrityException)
        {
            return null; // written anew, unless it is no model folder at all, which the writer refuses
        }
    }
}
