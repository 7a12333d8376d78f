namespace OrleansDDM.Learning.Training;

/// <summary>
/// One model in training on a slot. It is created, used and disposed on the slot's thread and is not thread-safe. What it
/// computes depends on the spec, the data and the step alone, never on where slices end.
/// </summary>
public interface ITrainingSession : IDisposable
{
    /// <summary>Optimizer steps done.</summary>
    int Step { get; }

    /// <summary>Optimizer steps in all.</summary>
    int Steps { get; }

    /// <summary>Validation points so far, oldest first; part of the checkpoint.</summary>
    IReadOnlyList<MetricRow> History { get; }

    /// <summary>
    /// Trains whole steps until <paramref name="budget"/> has passed, a validation is done, the last step is done, or cancellation is asked for.
    /// That it ends at validations lets a checkpoint be taken of the very weights that were validated.
    /// </summary>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite.</exception>
    SliceReport Train(TimeSpan budget, CancellationToken cancellation);

    /// <summary>Everything needed to go on bit-identically, as the bytes of a safetensors file.</summary>
    byte[] SaveCheckpoint();

    /// <summary>The weights to validate, sample and export (<c>ema</c> or <c>raw</c> by spec), as the bytes of a safetensors file.</summary>
    byte[] SaveWeights();
}

/// <summary>What a slice of training did.</summary>
/// <param name="Step">Steps done in all.</param>
/// <param name="Loss">Mean training loss over the slice; NaN where no step was done.</param>
/// <param name="ImagesPerSecond">Training images per second of the slice.</param>
/// <param name="Rows">Metric rows that came up in the slice.</param>
public sealed record SliceReport(int Step, double Loss, double ImagesPerSecond, IReadOnlyList<MetricRow> Rows);

/// <summary>One measured value at one step. A function of the spec alone, so it carries no clock.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Name">What was measured, e.g. <c>loss/train</c>, <c>loss/validation</c>.</param>
/// <param name="Value">The value.</param>
public sealed record MetricRow(int Step, string Name, double Value);

/// <summary>Training produced a value that is not finite.</summary>
public sealed class TrainingDivergedException(string message) : Exception(message);
