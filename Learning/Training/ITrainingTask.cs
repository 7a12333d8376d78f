namespace OrleansDDM.Learning.Training;

/// <summary>What a model is trained to do: where its batches come from and how it is judged. A pure function of (spec, data, step).</summary>
public interface ITrainingTask
{
    /// <summary>Training samples per step.</summary>
    int Batch { get; }

    /// <summary>Peak learning rate.</summary>
    double LearningRate { get; }

    /// <summary>Optimizer steps in all.</summary>
    int Steps { get; }

    /// <summary>The batch of step <paramref name="step"/>, in the caller's dispose scope.</summary>
    TrainingTensors Draw(int step);

    /// <summary>The held-out losses and scores, by name; the first is the one that picks the best checkpoint (lower is better).</summary>
    IReadOnlyList<(string Name, double Value)> Validate(NetworkForward network);
}
