using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Protocols.Aggregation;

namespace OrleansDDM.Grains.Peers;

/// <summary>Aggregation of models of peers, on a slot.</summary>
internal static class PeerAggregation
{
    /// <summary>The aggregate.</summary>
    /// <param name="rule">How.</param>
    /// <param name="models">Bytes of each model, and whose it is.</param>
    /// <param name="trainer">Knows the form of the models.</param>
    /// <exception cref="InvalidDataException">A model is of another kind, or the aggregate is not finite.</exception>
    public static float[] Of(AggregationRule rule, IReadOnlyList<(byte[] Model, Contribution From)> models, IPeerTrainer trainer)
    {
        if (models.Count == 1 && rule is AggregationRule.WeightedMean)
        {
            return trainer.Read(models[0].Model);
        }

        double[][] values = [.. models.Select(m => Array.ConvertAll(trainer.Read(m.Model), v => (double)v))];
        double[] result = rule switch
        {
            AggregationRule.VarianceCorrected corrected => VectorAggregation.VarianceCorrected(
                values[models.Index().First(m => m.Item.From.From == corrected.Self).Index],
                [.. values.Where((_, i) => models[i].From.From != corrected.Self)],
                [.. trainer.Segments.Select(s => new VectorSegment((int)s.Offset, (int)s.Length, s.Role == SegmentRole.Weight))],
                corrected.Beta,
                corrected.Target),
            AggregationRule.WeightedMean => VectorAggregation.WeightedMean(values, [.. models.Select(m => m.From.Weight)]),
            _ => throw new InvalidDataException($"The rule {rule.GetType().Name} is not known."),
        };
        float[] floats = Array.ConvertAll(result, r => (float)r);
        return Array.TrueForAll(floats, float.IsFinite) ? floats : throw new InvalidDataException("The aggregate is not finite.");
    }
}
