namespace OrleansDDM.Specs;

/// <summary>What is measured when training is done.</summary>
public sealed record EvaluationSpec
{
    /// <summary>Samples drawn per mixing rule; 0 = no evaluation.</summary>
    public int Samples { get; init; } = 2000;

    /// <summary>The mixing rules that are compared.</summary>
    public IReadOnlyList<string> Rules { get; init; } = ["full", "top-1", "top-2", "sticky-prior"];

    /// <summary>Held-out images of the paired flow-matching loss.</summary>
    public int LossImages { get; init; } = 2000;

    /// <summary>Strata of t of the paired loss.</summary>
    public int LossStrata { get; init; } = 4;
}
