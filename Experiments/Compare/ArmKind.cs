namespace OrleansDDM.Experiments.Compare;

/// <summary>What an arm of a comparison trains.</summary>
public enum ArmKind
{
    /// <summary>One network on all images.</summary>
    Monolith,

    /// <summary>Experts on clusters of features, and a router.</summary>
    Ensemble,

    /// <summary>The control: experts on clusters drawn at random, and a router.</summary>
    RandomEnsemble,

    /// <summary>The control: one network on all images that is told the cluster of each, and sampled with k ~ p(k).</summary>
    ConditionalMonolith,
}
