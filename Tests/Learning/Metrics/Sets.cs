using OrleansDDM.Learning.Metrics;

namespace OrleansDDM.Tests.Learning.Metrics;

/// <summary>Constructed sets of vectors.</summary>
internal static class Sets
{
    internal static FeatureSet Line(params float[] values) => new(values, 1);

    internal static FeatureSet Normal(int count, int width, int seed)
    {
        var random = new Random(seed);
        return new FeatureSet([.. Enumerable.Range(0, count * width).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))], width);
    }

    internal static FeatureSet Map(FeatureSet set, Func<float, int, float> map) =>
        new([.. set.Values.Select((value, i) => map(value, i % set.Width))], set.Width);

    internal static FeatureSet Join(params FeatureSet[] sets) => new([.. sets.SelectMany(set => set.Values)], sets[0].Width);
}
