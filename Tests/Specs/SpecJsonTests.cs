using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Specs;

public sealed class SpecJsonTests
{
    /// <summary>One other valid value for every key.</summary>
    private static readonly string[] Others =
    [
        "name=other", "seed=1", "data.name=mnist", "data.limit=10", "data.validation=0.1", "data.shapesSize=24", "data.shapesColour=true",
        "data.shapesCount=100", "clustering.method=random", "clustering.features=autoencoder", "clustering.conditions=2", "clustering.dimensions=8",
        "clustering.fineCentroids=64", "clustering.iterations=5", "experts.count=2", "model.kind=unet", "model.patch=2",
        "model.width=128", "model.depth=3", "model.heads=2", "model.classConditional=true", "model.conditionDropout=0.2",
        "router.model.kind=mlp", "router.model.patch=2", "router.model.width=64", "router.model.depth=1", "router.model.heads=2",
        "router.model.classConditional=true", "router.model.conditionDropout=0", "router.stepShare=0.5", "router.batch=32",
        "router.learningRate=0.002", "diffusion.path=edm", "diffusion.parameterization=v", "diffusion.times=logit-normal",
        "diffusion.logitMean=-1", "diffusion.logitStd=2", "training.steps=5", "training.batch=8", "training.optimizer=sgd",
        "training.learningRate=1e-4", "training.weightDecay=0.01", "training.beta1=0.8", "training.beta2=0.99", "training.warmup=0",
        "training.decayShare=0", "training.clipNorm=0", "training.emaDecay=0.99", "training.precision=bfloat16", "training.device=cuda", "training.deviceMemory=8", "training.flip=true",
        "training.weights=raw", "training.export=best", "training.validations=1", "training.checkpointSeconds=1.5", "training.keepLast=1",
        "islands.peers=4", "islands.protocol=gossip", "islands.options=radius=0.05,gossipSteps=1", "islands.shards=iid", "islands.shardsFile=lists.txt", "islands.minHosts=2", "islands.alpha=1", "islands.classesPerPeer=3", "islands.minSamples=4",
        "islands.localSteps=5", "islands.batch=8", "islands.sampleSize=4", "islands.aggregators=2", "islands.successFraction=0.8",
        "islands.weighting=uniform", "islands.aggregation=variance-corrected", "islands.moments=fresh", "islands.topology=ring", "islands.topologyFile=edges.txt", "islands.topologyDegree=3", "islands.topologyRadius=0.5", "islands.topologyProbability=0.2", "islands.compression=int8", "islands.compressionKeep=0.1", "islands.compressionBlock=64", "islands.unreachable=0.3", "islands.peer=3",
        "mixing.rule=nucleus-0.9", "sampling.scheduler=heun", "sampling.steps=10", "sampling.grid=karras", "sampling.shift=2",
        "sampling.eta=1", "sampling.guidance=3", "sampling.clip=true", "evaluation.samples=10", "evaluation.rules=full",
        "evaluation.lossImages=5", "evaluation.lossStrata=2",
    ];

    [Fact]
    public void Empty_text_and_empty_object_are_the_default_spec()
    {
        string expected = SpecJson.Canonical(new RunSpec());
        Assert.Equal(expected, SpecJson.Canonical(SpecJson.Read(string.Empty)));
        Assert.Equal(expected, SpecJson.Canonical(SpecJson.Read("{}")));
        Assert.Equal(expected, SpecJson.Canonical(SpecJson.Read(SpecJson.Write(new RunSpec()))));
    }

    [Fact]
    public void Missing_keys_take_their_default_and_written_ones_are_kept()
    {
        RunSpec spec = SpecJson.Read("""{ "training": { "steps": 7 }, "router": { "model": { "depth": 1 } } }""");
        Assert.Equal(7, spec.Training.Steps);
        Assert.Equal(new TrainingSpec().Batch, spec.Training.Batch);
        Assert.Equal(new RouterSpec().Model with { Depth = 1 }, spec.Router.Model); // not those of `model`
    }

    [Fact]
    public void Comments_and_trailing_commas_are_read() =>
        Assert.Equal(3ul, SpecJson.Read("// mine\n{ /* note */ \"seed\": 3, }").Seed);

    [Fact]
    public void Canonical_form_is_sorted_without_white_space_and_its_own_canonical_form()
    {
        string canonical = SpecJson.Canonical(new RunSpec { Name = "a", Seed = ulong.MaxValue });
        AssertSorted(JsonNode.Parse(canonical)!);
        Assert.DoesNotContain(canonical, char.IsWhiteSpace);
        Assert.Contains("\"seed\":18446744073709551615", canonical, StringComparison.Ordinal);
        Assert.Equal(canonical, SpecJson.Canonical(SpecJson.Read(canonical)));
    }

    [Fact]
    public void Hash_is_the_sha256_of_the_canonical_form()
    {
        var spec = new RunSpec();
        byte[] hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(SpecJson.Canonical(spec)));
        Assert.Equal(Convert.ToHexString(hash).ToLower(CultureInfo.InvariantCulture), SpecJson.Hash(spec));
    }

    [Fact]
    public void Hash_ignores_key_order_white_space_and_the_way_a_number_is_written()
    {
        string one = """{"seed":3,"training":{"steps":9,"learningRate":0.001,"clipNorm":0}}""";
        string two = """{ "training" : { "clipNorm": -0.0, "learningRate": 1E-3, "steps": 9 } , "seed" : 3 }""";
        Assert.Equal(SpecJson.Hash(SpecJson.Read(one)), SpecJson.Hash(SpecJson.Read(two)));
    }

    [Fact]
    public void Hash_changes_with_every_key_and_every_key_can_be_overridden()
    {
        Assert.Equal(SpecLeaves.All.Keys.Order(), Others.Select(o => o.Split('=')[0]).Order());
        string[] hashes = [.. Others.Select(o => SpecJson.Hash(SpecJson.Read(string.Empty, o))), SpecJson.Hash(new RunSpec())];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public void Override_sets_one_key_and_leaves_its_neighbours()
    {
        RunSpec spec = SpecJson.Read("""{ "training": { "steps": 7, "batch": 8 } }""", "training.steps=5", "router.model.width=16", "seed = 4");
        Assert.Equal((5, 8), (spec.Training.Steps, spec.Training.Batch));
        Assert.Equal((16, 2), (spec.Router.Model.Width, spec.Router.Model.Depth));
        Assert.Equal(4ul, spec.Seed);
    }

    [Fact]
    public void Later_override_wins() =>
        Assert.Equal(6, SpecJson.Read(string.Empty, "training.steps=5", "training.steps=6").Training.Steps);

    [Fact]
    public void Override_of_a_list_splits_at_commas()
    {
        Assert.Equal(["full", "top-1"], SpecJson.Read(string.Empty, "evaluation.rules=full, top-1").Evaluation.Rules);
        Assert.Empty(SpecJson.Read(string.Empty, "evaluation.rules=").Evaluation.Rules);
        Assert.Equal(["radius=0.05", "gossipSteps=1"], SpecJson.Read(string.Empty, "islands.options=radius=0.05,gossipSteps=1").Islands.Options);
    }

    [Fact]
    public void Override_of_text_keeps_an_equals_sign_and_quotes() =>
        Assert.Equal("/a=\"b\"", SpecJson.Read(string.Empty, "data.name=/a=\"b\"").Data.Name);

    [Theory]
    [InlineData("training.steps", "training.steps", "key=value")]
    [InlineData("=5", "=5", "key=value")]
    [InlineData("nope=1", "nope", "the keys of spec are name, seed")]
    [InlineData("training.nope=1", "training.nope", "the keys of training are steps, batch")]
    [InlineData("training.steps.x=1", "training.steps.x", "training.steps has no keys")]
    [InlineData("Training.Steps=5", "Training.Steps", "is not a key")]
    [InlineData("training=1", "training", "group of keys")]
    [InlineData("router.model={}", "router.model", "group of keys")]
    [InlineData("training.steps=abc", "training.steps", "whole number of at most 2147483647, not \"abc\"")]
    [InlineData("training.steps=\"5\"", "training.steps", "whole number")]
    [InlineData("training.steps=1.5", "training.steps", "whole number")]
    [InlineData("training.steps=99999999999", "training.steps", "at most 2147483647")]
    [InlineData("training.steps=", "training.steps", "whole number")]
    [InlineData("training.steps=null", "training.steps", "not null")]
    [InlineData("training.steps=5 // x", "training.steps", "whole number")]
    [InlineData("seed=-1", "seed", "from 0 to 18446744073709551615, not -1")]
    [InlineData("seed=18446744073709551616", "seed", "from 0 to 18446744073709551615")]
    [InlineData("training.learningRate=NaN", "training.learningRate", "must be a number")]
    [InlineData("training.learningRate=Infinity", "training.learningRate", "must be a number")]
    [InlineData("training.learningRate=1e999", "training.learningRate", "finite")]
    [InlineData("data.shapesColour=True", "data.shapesColour", "true or false")]
    [InlineData("evaluation.rules=1,2", "evaluation.rules", "cannot be '1'")]
    [InlineData("evaluation.rules=full,top-9", "evaluation.rules", "only 4 experts")]
    public void Bad_override_is_refused_by_key_and_rule(string line, string key, string rule) => AssertRefused(string.Empty, key, rule, line);

    [Theory]
    [InlineData("null", "spec", "JSON object")]
    [InlineData("[]", "spec", "JSON object")]
    [InlineData("{\"seed\":1", "spec", "not valid JSON (line 1, byte 10)")]
    [InlineData("{} {}", "spec", "not valid JSON")]
    [InlineData("{\"seed\":NaN}", "spec", "not valid JSON")]
    [InlineData("{\"data\":null}", "data", "JSON object")]
    [InlineData("{\"router\":{\"model\":null}}", "router.model", "JSON object")]
    [InlineData("{\"training\":3}", "training", "JSON object")]
    [InlineData("{\"training\":[]}", "training", "JSON object")]
    [InlineData("{\"name\":null}", "name", "string")]
    [InlineData("{\"name\":7}", "name", "string, not 7")]
    [InlineData("{\"seed\":\"3\"}", "seed", "whole number")]
    [InlineData("{\"training\":{\"steps\":1.0}}", "training.steps", "whole number")]
    [InlineData("{\"training\":{\"learningRate\":\"NaN\"}}", "training.learningRate", "must be a number, not \"NaN\"")]
    [InlineData("{\"training\":{\"flip\":1}}", "training.flip", "true or false")]
    [InlineData("{\"evaluation\":{\"rules\":null}}", "evaluation.rules", "list")]
    [InlineData("{\"evaluation\":{\"rules\":\"full\"}}", "evaluation.rules", "list")]
    [InlineData("{\"evaluation\":{\"rules\":[\"full\",null]}}", "evaluation.rules[1]", "string, not null")]
    [InlineData("{\"evaluation\":{\"rules\":[1]}}", "evaluation.rules[0]", "string")]
    [InlineData("{\"trainig\":{}}", "trainig", "is not a key")]
    [InlineData("{\"data\":{\"nmae\":\"x\"}}", "data.nmae", "the keys of data are name, limit")]
    [InlineData("{\"Training\":{}}", "Training", "is not a key")]
    [InlineData("{\"$type\":1}", "$type", "is not a key")]
    [InlineData("{\"seed\":1,\"seed\":1}", "seed", "given twice")]
    [InlineData("{\"training\":{\"steps\":1,\"steps\":2}}", "training.steps", "given twice")]
    [InlineData("{\"data\":{\"name\":\"\\ud800\"}}", "data.name", "Unicode")]
    [InlineData("{\"\\ud800\":1}", "spec", "Unicode")]
    public void Bad_document_is_refused_by_key_and_rule(string json, string key, string rule)
    {
        AssertRefused(json, key, rule);
        AssertRefused(json, key, rule, "training.batch=8"); // an override does not hide it
    }

    [Fact]
    public void Unpaired_surrogate_in_the_text_is_refused() => AssertRefused("{\"name\":\"" + '\ud800' + "\"}", "spec", "Unicode");

    [Fact]
    public void Endless_nesting_is_refused()
    {
        string json = string.Concat(Enumerable.Repeat("{\"data\":", 10_000)) + "1" + new string('}', 10_000);
        AssertRefused(json, "spec", "not valid JSON");
    }

    [Fact]
    public void Long_wrong_value_is_shortened_in_the_message()
    {
        SpecException e = Assert.Throws<SpecException>(() => SpecJson.Read($$"""{"seed":"{{new string('x', 5000)}}"}"""));
        Assert.InRange(e.Message.Length, 40, 200);
    }

    private static void AssertRefused(string json, string key, string rule, params string[] overrides)
    {
        SpecException e = Assert.Throws<SpecException>(() => SpecJson.Read(json, overrides));
        Assert.Equal(key, e.Key);
        Assert.StartsWith(key, e.Message, StringComparison.Ordinal);
        Assert.Contains(rule, e.Message, StringComparison.Ordinal);
    }

    private static void AssertSorted(JsonNode node)
    {
        if (node is JsonObject group)
        {
            Assert.Equal(group.Select(p => p.Key).Order(StringComparer.Ordinal), group.Select(p => p.Key));
            Assert.All(group, p => AssertSorted(p.Value!));
        }
    }
}
