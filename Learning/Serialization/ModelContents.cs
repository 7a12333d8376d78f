using System.Text.Json.Nodes;

using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Serialization;

/// <summary>What a model folder holds: everything that sampling needs.</summary>
public sealed record ModelContents
{
    /// <summary>The effective spec of the run.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Channels of an image.</summary>
    public required int Channels { get; init; }

    /// <summary>Height of an image in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Width of an image in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Number of classes; 0 = the data has no labels.</summary>
    public int Classes { get; init; }

    /// <summary>Share of the training images in each cluster, p(k): one per expert, each >= 0, sum 1.</summary>
    public required double[] Priors { get; init; }

    /// <summary>Weights of each expert, as the bytes of a safetensors file, in cluster order.</summary>
    public required byte[][] Experts { get; init; }

    /// <summary>Weights of the router, as the bytes of a safetensors file; null for a single expert.</summary>
    public byte[]? Router { get; init; }

    /// <summary>Anything else that shall travel with the model, e.g. who trained it.</summary>
    public JsonObject Extra { get; init; } = [];

    /// <summary>Checks that the parts fit together.</summary>
    /// <exception cref="ModelIntegrityException">They do not; the exception names the file that the part belongs to.</exception>
    internal void Validate()
    {
        Expect(Channels > 0 && Height > 0 && Width > 0, ModelFolder.IndexFile, $"gives images of ({Channels}, {Height}, {Width}); all three must be positive");
        Expect(Classes >= 0, ModelFolder.IndexFile, $"gives {Classes} classes; there cannot be fewer than 0");
        Expect(Experts.Length > 0 && Experts.Length == Spec.Experts.Count, ModelFolder.IndexFile, $"gives {Experts.Length} experts where the spec has {Spec.Experts.Count}");
        Expect(Priors.Length == Experts.Length, ModelFolder.ClustersFile, $"gives {Priors.Length} priors for {Experts.Length} experts");
        Expect(
            Priors.All(prior => prior >= 0 && double.IsFinite(prior)) && Math.Abs(Priors.Sum() - 1) <= 1e-6,
            ModelFolder.ClustersFile,
            "gives priors that are not shares which sum to 1");
        Expect(Experts.Length == 1 || Router is not null, ModelFolder.IndexFile, $"gives no router for {Experts.Length} experts");
        for (int k = 0; k < Experts.Length; k++)
        {
            Weights(Experts[k], ModelFolder.WeightsOf(ModelFolder.ExpertFolder(k)));
        }

        if (Router is not null)
        {
            Weights(Router, ModelFolder.WeightsOf(ModelFolder.RouterFolder));
        }
    }

    private static void Weights(byte[] bytes, string file)
    {
        try
        {
            SafetensorsReader.Read(bytes);
        }
        catch (SafetensorsException e)
        {
            throw new ModelIntegrityException(file, $"is no safetensors file: {e.Message}", e);
        }
    }

    private static void Expect(bool holds, string file, string fault)
    {
        if (!holds)
        {
            throw new ModelIntegrityException(file, fault);
        }
    }
}
