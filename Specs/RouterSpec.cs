namespace OrleansDDM.Specs;

/// <summary>The router: a small network trained by cross-entropy on the cluster of x0 given (x_t, t) (DDM eq. 5, algorithm 1).</summary>
public sealed record RouterSpec
{
    /// <summary>The router's network. It is a <c>dit</c> with mean pooling; its condition keys are not used.</summary>
    public ModelSpec Model { get; init; } = new() { Width = 32, Depth = 2 };

    /// <summary>Training steps as a share of the experts' steps, in (0, 4].</summary>
    public double StepShare { get; init; } = 0.25;

    /// <summary>Batch size; it draws from all clusters in their natural mix, as p(k) is part of what the router learns.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;
}
