namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// A network on the CPU without autograd: loss, gradient and prediction by hand-written passes over a few images at a time. It works on the
/// same <see cref="ModelVector"/> as the module and agrees with it to rounding. Same batch, weights and threads give the same bits.
/// </summary>
/// <remarks>Not thread-safe. Its own threads live for one call.</remarks>
public interface IFusedNetwork : IDisposable
{
    /// <summary>Largest batch.</summary>
    int Batch { get; }

    /// <summary>Values of one sample's output: C H W, or K.</summary>
    int OutputSize { get; }

    /// <summary>Shape of one sample's output: (C, H, W), or (K).</summary>
    IReadOnlyList<long> OutputShape { get; }

    /// <summary>Takes over the current weights; to be called whenever the vector has changed.</summary>
    void Load();

    /// <summary>Mean squared error between output and target, whose gradient is added to the vector's.</summary>
    /// <param name="x">Network inputs, (B, C, H, W).</param>
    /// <param name="time">(B).</param>
    /// <param name="classes">(B), the number of classes = none; empty = none for all.</param>
    /// <param name="target">(B, C, H, W).</param>
    /// <exception cref="InvalidOperationException">The network answers with logits.</exception>
    double AccumulateSquaredError(ReadOnlySpan<float> x, ReadOnlySpan<float> time, ReadOnlySpan<long> classes, ReadOnlySpan<float> target);

    /// <summary>Mean cross-entropy between logits and labels, whose gradient is added to the vector's.</summary>
    /// <param name="x">Network inputs, (B, C, H, W).</param>
    /// <param name="time">(B).</param>
    /// <param name="labels">(B), in [0, K).</param>
    /// <exception cref="InvalidOperationException">The network answers with images.</exception>
    double AccumulateCrossEntropy(ReadOnlySpan<float> x, ReadOnlySpan<float> time, long[] labels);

    /// <summary>Runs the network.</summary>
    /// <param name="x">Network inputs, (B, C, H, W).</param>
    /// <param name="time">(B).</param>
    /// <param name="classes">(B), the number of classes = none; empty = none for all.</param>
    /// <param name="output">(B, C, H, W), or (B, K) logits.</param>
    void Predict(ReadOnlySpan<float> x, ReadOnlySpan<float> time, ReadOnlySpan<long> classes, Span<float> output);
}
