namespace OrleansDDM.Specs;

/// <content>Solves.</content>
public static partial class SpecValidator
{
    /// <summary>Checks the ranges of a solve.</summary>
    /// <exception cref="SpecException">The first rule that does not hold.</exception>
    public static void Validate(SolveSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ValidateName("name", spec.Name);
        if (spec.Data is null)
        {
            throw new SpecException("data", "must be a JSON object");
        }

        ValidateText("data.name", spec.Data.Name);
        InRange("data.limit", spec.Data.Limit, 0, int.MaxValue);
        InRange("data.validation", spec.Data.Validation, 0.001, 0.5);
        InRange("data.shapesSize", spec.Data.ShapesSize, 8, 64);
        InRange("data.shapesCount", spec.Data.ShapesCount, 64, 1_000_000);
        InRange("peers", spec.Peers, 2, 256);
        OneOf("shards", spec.Shards, [.. SolveSpec.Partitions]);
        InRange("alpha", spec.Alpha, 1e-3, 1e6);
        InRange("classesPerPeer", spec.ClassesPerPeer, 1, 1000);
        OneOf("topology", spec.Topology, [.. SolveSpec.Topologies]);
        if ((spec.Topology == "file") != (spec.TopologyFile?.Length > 0))
        {
            throw new SpecException("topologyFile", "must name the file with the edges for the topology 'file', and is for no other");
        }

        InRange("topologyDegree", spec.TopologyDegree ?? 1, 1, 255);
        InRange("topologyRadius", spec.TopologyRadius ?? 1, 1e-3, 2);
        OneOf("rates", spec.Rates, [.. SolveSpec.RateRules]);
        InRange("ridge", spec.Ridge, 1e-6, 1e3);
        Positive("accuracy", spec.Accuracy);
        InRange("accuracy", spec.Accuracy, 0, 1e6);
        InRange("gradients", spec.Gradients, 1, 10_000_000);
        InRange("unitSeconds", spec.UnitSeconds, 0, 1e4);
    }
}
