using System.Numerics.Tensors;

using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <summary>Aggregation of models of peers, on a slot.</summary>
internal static class PeerAggregation
{
    /// <summary>The aggregate.</summary>
    /// <param name="rule">How.</param>
    /// <param name="models">The models.</param>
    /// <param name="get">Bytes of a model.</param>
    /// <param name="trainer">Knows the form of the models.</param>
    /// <exception cref="InvalidDataException">A model is of another kind, or the aggregate is not finite.</exception>
    /// <exception cref="ArgumentException">The rule's numbers are wrong.</exception>
    public static float[] Of(AggregationRule rule, IReadOnlyList<Contribution> models, Func<ModelHandle, byte[]> get, IPeerTrainer trainer)
    {
        if (models.Count == 1 && rule is AggregationRule.WeightedMean)
        {
            return trainer.Read(get(models[0].Model));
        }

        if (rule is AggregationRule.WeightedMean)
        {
            return Finite(VectorAggregation.WeightedMean([.. models.Select(m => m.Weight)], m => trainer.Read(get(models[m].Model))));
        }

        // What the paper's code corrects: weights, not biases or norms.
        VectorSegment[] segments = [.. trainer.Segments.Select(s => new VectorSegment((int)s.Offset, (int)s.Length, s.Role == SegmentRole.Weight))];
        double[] result = VectorAggregation.Apply(rule, models, m => Array.ConvertAll(trainer.Read(get(m)), v => (double)v), segments);
        return Finite(Array.ConvertAll(result, r => (float)r));
    }

    private static float[] Finite(float[] aggregate) => TensorPrimitives.IsFiniteAll<float>(aggregate)
        ? aggregate
        : throw new InvalidDataException("The aggregate is not finite.");
}
