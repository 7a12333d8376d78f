using System.Text.Json.Nodes;

using CsCheck;

using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Specs;

public sealed class SpecRoundTripTests
{
    private static readonly Gen<string> Rule = Gen.OneOf(
        OneOf("full", "sticky-prior", "oracle", "top-1", "top-2"), Gen.Int[1, 1024].Select(n => $"sample-{n}"),
        Gen.Int[1, 99].Select(p => $"threshold-0.{p:00}"), Gen.Int[1, 99].Select(p => $"nucleus-.{p:00}"));

    private static readonly Gen<ModelSpec> Model =
        from kind in OneOf("dit", "mlp")
        from heads in Gen.Int[1, 16]
        from width in Gen.Int[4, 256]
        from depth in Gen.Int[1, 64]
        from dropout in Gen.Double[0, 0.999]
        from conditional in Gen.Bool
        select new ModelSpec
        {
            Kind = kind,
            Heads = heads,
            Width = heads * width,
            Depth = depth,
            ConditionDropout = dropout,
            ClassConditional = conditional,
        };

    private static readonly Gen<RunSpec> Spec =
        from name in Gen.String[Gen.Char["abcXYZ019_-"], 1, 64]
        from data in Gen.String[Gen.Char["a\u00e4/ \\\"'<>\u20ac.,="], 1, 20]
        from seed in Gen.ULong
        from experts in Gen.Int[1, 64]
        from share in Gen.Int[1, 1024]
        from model in Model
        from router in Model
        from rate in Gen.Double[1e-12, 1e3]
        from mean in Gen.Double[-10, 10]
        from flip in Gen.Bool
        from rule in Rule.Where(rule => rule != "oracle")
        from rules in Rule.List[0, 5]
        select new RunSpec
        {
            Name = name,
            Seed = seed,
            Data = new() { Name = "x" + data },
            Experts = new() { Count = experts },
            Model = model,
            Router = new() { Model = router },
            Diffusion = new() { LogitMean = mean },
            Training = new() { Batch = experts * share, LearningRate = rate, Flip = flip },
            Mixing = new() { Rule = rule },
            Evaluation = new() { Rules = rules },
        };

    [Fact]
    public void Valid_spec_comes_back_from_its_text_with_every_value() => Spec.Sample(
        spec =>
        {
            AssertSame(spec, SpecJson.Read(SpecJson.Write(spec)));
            AssertSame(spec, SpecJson.Read(SpecJson.Canonical(spec)));
        },
        iter: 300);

    [Fact]
    public void Hash_depends_on_the_values_alone_whatever_the_order_of_keys() => Gen.Select(Spec, Gen.Int).Sample(
        (spec, seed) =>
        {
            JsonNode shuffled = Shuffled(JsonNode.Parse(SpecJson.Write(spec))!, new Random(seed));
            Assert.Equal(SpecJson.Hash(spec), SpecJson.Hash(SpecJson.Read(shuffled.ToJsonString())));
        },
        iter: 200);

    [Fact]
    public void Damaged_text_gives_a_spec_or_a_spec_exception()
    {
        string text = SpecJson.Write(new RunSpec());
        Gen.Select(Gen.Int[0, text.Length - 1], Gen.Int[0, 6], OneOf(
            "{", "}", "[", "]", ",", ":", "\"", "null", "-1", "1e999", "NaN", "\\ud800", "\ud800", "\0", "//", "/*", "true", "{}", "18446744073709551616"))
            .Sample(
                (at, cut, token) =>
                {
                    string damaged = text[..at] + token + text[Math.Min(text.Length, at + cut)..];
                    try
                    {
                        SpecJson.Read(damaged, "training.steps=5");
                    }
                    catch (SpecException e)
                    {
                        Assert.NotEmpty(e.Key);
                    }
                },
                iter: 3000);
    }

    private static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static void AssertSame(RunSpec expected, RunSpec actual)
    {
        // Records compare their values, but a list by reference.
        Assert.Equal(expected.Evaluation.Rules, actual.Evaluation.Rules);
        Assert.Equal(expected.Islands.Options, actual.Islands.Options);
        Assert.Equal(expected, actual with
        {
            Evaluation = actual.Evaluation with { Rules = expected.Evaluation.Rules },
            Islands = actual.Islands with { Options = expected.Islands.Options },
        });
    }

    private static JsonNode Shuffled(JsonNode node, Random random)
    {
        if (node is not JsonObject group)
        {
            return node.DeepClone();
        }

        KeyValuePair<string, JsonNode?>[] entries = [.. group.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Shuffled(p.Value!, random)))];
        random.Shuffle(entries);
        return new JsonObject(entries);
    }
}
