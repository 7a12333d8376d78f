namespace OrleansDDM.Learning.Classification;

/// <summary>Trains and judges many models of one shape as one computation. A result does not depend on what it was batched with.</summary>
public interface IClassifierEngine : IDisposable
{
    /// <summary>The models' shape.</summary>
    ClassifierKind Kind { get; }

    /// <summary>Trains models in place; softmax cross-entropy, mean over the batch.</summary>
    /// <param name="bank">Holds the models.</param>
    /// <param name="data">What the samples are numbers of.</param>
    /// <param name="step">The step.</param>
    /// <param name="work">One entry for each model; rows must differ.</param>
    void Train(ModelBank bank, LabelledInputs data, LocalStep step, IReadOnlyList<LocalTraining> work);

    /// <summary>How well models do.</summary>
    /// <param name="bank">Holds the models.</param>
    /// <param name="data">Inputs to judge on.</param>
    /// <param name="rows">The models.</param>
    /// <returns>One judgement for each row.</returns>
    Judgement[] Judge(ModelBank bank, LabelledInputs data, IReadOnlyList<int> rows);
}

/// <summary>How well a model does.</summary>
/// <param name="Accuracy">Share of the inputs whose class it finds, 0 .. 1.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
public readonly record struct Judgement(double Accuracy, double Loss);
