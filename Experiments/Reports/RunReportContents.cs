using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Reports;

/// <summary>One line of a chart.</summary>
/// <param name="Role"><c>expert-N</c> or <c>router</c>.</param>
/// <param name="Name">What was measured, e.g. <c>loss/train</c>.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Values">Values at those steps.</param>
public sealed record Curve(string Role, string Name, double[] Steps, double[] Values);

/// <summary>All that the report of one run shows.</summary>
public sealed record RunReportContents
{
    /// <summary>The run's spec.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>SHA-256 of the spec.</summary>
    public required string SpecHash { get; init; }

    /// <summary>What was measured.</summary>
    public required EvaluationResult Evaluation { get; init; }

    /// <summary>Training and validation curves.</summary>
    public required IReadOnlyList<Curve> Curves { get; init; }

    /// <summary>The islands that trained the models; empty where each was trained in one place.</summary>
    public IReadOnlyList<IslandFacts> Islands { get; init; } = [];

    /// <summary>Cluster sizes and label make-up: a JSON object with <c>method</c>, <c>sizes</c>, <c>labels</c> ([cluster][class]) and <c>classes</c>.</summary>
    public required string ClusterReport { get; init; }

    /// <summary>Grid of samples, a PNG file.</summary>
    public required byte[] Samples { get; init; }

    /// <summary>Real images per cluster beside samples of that expert, a PNG file.</summary>
    public required byte[] Clusters { get; init; }
}
