using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Classification;

/// <summary>Shape of a classifier whose parameters are one flat row of floats.</summary>
/// <param name="Name">Name in reports, e.g. <c>mlp-784-32-10</c>.</param>
/// <param name="Inputs">Values of an input.</param>
/// <param name="Classes">Classes, at least 2.</param>
/// <param name="Segments">Its parameters, without gaps.</param>
public abstract record ClassifierKind(string Name, int Inputs, int Classes, IReadOnlyList<Segment> Segments)
{
    /// <summary>Number of parameters.</summary>
    public int Length => (int)(Segments[^1].Offset + Segments[^1].Length);

    /// <summary>Floating-point operations of one training step for one input: forward, and both gradients except the first input's.</summary>
    public abstract double TrainingFlops { get; }

    /// <summary>Fans of a weight, (in, out), as Glorot and Bengio count them.</summary>
    public abstract (long In, long Out) FansOf(Segment weight);

    /// <summary>
    /// Initial parameters as a function of (seed, stream): weights uniform within ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases 0,
    /// scales of norms 1, shifts 0.
    /// </summary>
    /// <param name="row">The parameters, filled.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="stream">Which of several initial models, e.g. the peer; 0 for the common one.</param>
    public void Initialise(Span<float> row, ulong seed, ulong stream)
    {
        for (int i = 0; i < Segments.Count; i++)
        {
            Segment segment = Segments[i];
            Span<float> part = row.Slice((int)segment.Offset, (int)segment.Length);
            if (segment.Role != SegmentRole.Weight)
            {
                part.Fill(segment.Role == SegmentRole.Norm && segment.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
                continue;
            }

            (long fanIn, long fanOut) = FansOf(segment);
            float bound = (float)Math.Sqrt(6.0 / (fanIn + fanOut));
            CounterRandom.Uniform(part, seed, "classifier-init", stream, (ulong)i);
            for (int j = 0; j < part.Length; j++)
            {
                part[j] = ((2 * part[j]) - 1) * bound;
            }
        }
    }
}
