using System.Globalization;
using System.Text.Json;

using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Specs;

public sealed class SpecValidatorTests
{
    /// <summary>Every numeric key with one value just below, two at the ends of, and one just above its range (given the defaults).</summary>
    private static readonly (string Key, string? Below, string Low, string High, string? Above)[] Ranges =
    [
        ("seed", "-1", "0", "18446744073709551615", "18446744073709551616"), ("data.limit", "-1", "0", "2147483647", "2147483648"),
        ("data.validation", "0.0009", "0.001", "0.5", "0.51"), ("data.shapesSize", "7", "8", "64", "65"),
        ("data.shapesCount", "63", "64", "1000000", "1000001"), ("clustering.dimensions", "1", "2", "256", "257"), ("clustering.conditions", "-1", "0", "64", "65"),
        ("clustering.fineCentroids", "3", "4", "65536", "65537"), ("clustering.iterations", "0", "1", "1000", "1001"),
        ("experts.count", "0", "1", "64", "65"), ("model.patch", "0", "1", "64", "65"), ("model.width", "3", "4", "4096", "4097"),
        ("model.depth", "0", "1", "64", "65"), ("model.heads", "0", "1", "64", "65"), ("model.conditionDropout", "-0.1", "0", "0.999", "1"),
        ("router.model.patch", "0", "1", "64", "65"), ("router.model.width", "3", "4", "4096", "4097"),
        ("router.model.depth", "0", "1", "64", "65"), ("router.model.heads", "0", "1", "32", "65"),
        ("router.model.conditionDropout", "-0.1", "0", "0.999", "1"), ("router.stepShare", "0.0009", "0.001", "4", "4.1"),
        ("router.batch", "0", "1", "65536", "65537"), ("router.learningRate", "0", "1e-300", "1e300", "1e999"),
        ("diffusion.logitMean", "-10.1", "-10", "10", "10.1"), ("diffusion.logitStd", "0", "1e-300", "1e300", "1e999"),
        ("training.steps", "0", "1", "100000000", "100000001"), ("training.batch", "0", "4", "65536", "65540"),
        ("training.learningRate", "0", "1e-300", "1e300", "1e999"), ("training.weightDecay", "-0.1", "0", "10", "10.1"),
        ("training.beta1", "-0.1", "0", "0.9999", "1"), ("training.beta2", "-0.1", "0", "0.9999", "1"),
        ("training.warmup", "-1", "0", "2147483647", "2147483648"), ("training.decayShare", "-0.1", "0", "1", "1.1"),
        ("training.clipNorm", "-1", "0", "1e9", "1e10"), ("training.emaDecay", "-0.1", "0", "0.9999", "1"),
        ("training.validations", "0", "1", "1000", "1001"), ("training.checkpointSeconds", "-1", "0", "86400", "86401"),
        ("training.keepLast", "0", "1", "100", "101"), ("training.deviceMemory", "-1", "0", "4096", "4097"), ("islands.peers", "-1", "0", "4096", "4097"), ("islands.minHosts", "0", "1", "4096", "4097"), ("islands.alpha", "0", "0.001", "1e6", "1e7"),
        ("islands.classesPerPeer", "0", "1", "1000", "1001"), ("islands.minSamples", "0", "1", "1000000", "1000001"),
        ("islands.localSteps", "0", "1", "10000", "10001"), ("islands.batch", "-1", "0", "65536", "65537"),
        ("islands.sampleSize", "0", "1", "1024", "1025"), ("islands.aggregators", "0", "1", "64", "65"),
        ("islands.successFraction", "0", "0.01", "1", "1.1"), ("islands.compressionKeep", "0", "1e-5", "1", "1.1"), ("islands.compressionBlock", "0", "1", "65536", "65537"),
        ("islands.topologyDegree", "0", "1", "4095", "4096"), ("islands.topologyRadius", "0.0009", "0.001", "2", "2.1"), ("islands.topologyProbability", "-0.1", "0", "1", "1.1"),
        ("islands.unreachable", "-0.1", "0", "0.95", "0.96"), ("islands.peer", "-2", "-1", "4095", "4096"),
        ("sampling.steps", "0", "1", "10000", "10001"),
        ("sampling.shift", "0", "1e-300", "1e300", "1e999"), ("sampling.eta", "-0.1", "0", "1", "1.1"),
        ("sampling.guidance", "-1", "0", "100", "101"), ("evaluation.samples", "-1", "0", "1000000", "1000001"),
        ("evaluation.lossImages", "-1", "0", "1000000", "1000001"), ("evaluation.lossStrata", "0", "1", "100", "101"),
    ];

    private static readonly string[] Choices =
    [
        "clustering.method", "clustering.features", "model.kind", "router.model.kind", "diffusion.path", "diffusion.parameterization",
        "diffusion.times", "training.optimizer", "training.precision", "training.device", "training.weights", "training.export", "islands.protocol", "islands.shards", "islands.weighting", "islands.aggregation", "islands.moments", "islands.topology", "islands.compression",
        "mixing.rule", "sampling.scheduler", "sampling.grid",
    ];

    public static TheoryData<string> NumericKeys => [.. Ranges.Select(r => r.Key)];

    [Fact]
    public void Every_numeric_key_has_a_tested_range() => Assert.Equal(
        SpecLeaves.All.Where(p => p.Value.GetValueKind() == JsonValueKind.Number).Select(p => p.Key).Order(), Ranges.Select(r => r.Key).Order());

    [Theory]
    [MemberData(nameof(NumericKeys))]
    public void Number_is_accepted_at_the_ends_of_its_range_and_refused_by_name_outside(string key)
    {
        (_, string? below, string low, string high, string? above) = Ranges.Single(r => r.Key == key);
        string[] context = key switch
        {
            "experts.count" => ["training.batch=64"],
            "router.model.heads" => ["router.model.width=4096"],
            "model.heads" => ["model.width=4096"],
            "model.width" or "router.model.width" => [key.Replace("width", "heads", StringComparison.Ordinal) + "=1"],
            _ => [],
        };
        SpecJson.Read(string.Empty, [.. context, $"{key}={low}"]);
        SpecJson.Read(string.Empty, [.. context, $"{key}={high}"]);
        foreach (string? outside in new[] { below, above })
        {
            SpecException e = Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, [.. context, $"{key}={outside}"]));
            Assert.Equal(key, e.Key);
            Assert.StartsWith(key + " must be ", e.Message, StringComparison.Ordinal);
            Assert.Contains(", not ", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_choice_refuses_another_word_and_lists_the_right_ones()
    {
        Assert.Equal(
            SpecLeaves.All.Where(p => p.Value.GetValueKind() == JsonValueKind.String).Select(p => p.Key).Order(),
            Choices.Concat(["name", "data.name", "islands.shardsFile", "islands.topologyFile"]).Order());
        foreach (string key in Choices)
        {
            string word = SpecLeaves.All[key].GetValue<string>();
            foreach (string wrong in new[] { "nonsense", string.Empty, word.ToUpperInvariant(), word + "s" })
            {
                SpecException e = Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, $"{key}={wrong}"));
                Assert.Equal(key, e.Key);
                Assert.Contains(wrong, e.Message, StringComparison.Ordinal);
                Assert.Contains(key == "mixing.rule" ? "top-N" : word, e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("training.device=cuda", "training.device")]
    [InlineData("training.device=prefer-cuda", "training.device")]
    [InlineData("training.deviceMemory=2", "training.deviceMemory")]
    public void Peers_choose_no_device(string change, string key)
    {
        var e = Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "islands.peers=4", change));
        Assert.Equal(key, e.Key);
        Assert.Contains("islands.peers", e.Message, StringComparison.Ordinal);
        SpecJson.Read(string.Empty, change);
    }

    [Theory]
    [InlineData("mixing.rule=oracle", "mixing.rule")]
    [InlineData("evaluation.samples=3", "evaluation.samples")]
    public void What_only_an_evaluation_would_stumble_over_is_refused_before_the_training(string change, string key) =>
        Assert.Equal(key, Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, change)).Key);

    [Theory]
    [InlineData("islands.compression", "islands.protocol=gossip", "islands.compression=top-k")]
    [InlineData("islands.shardsFile", "islands.peers=4", "islands.shards=file")]
    [InlineData("islands.topologyFile", "islands.peers=4", "islands.topology=file")]
    [InlineData("islands.options", "islands.options=fanout")]
    [InlineData("islands.options", "islands.options==1")]
    [InlineData("islands.options", "islands.protocol=isolated", "islands.options=fanout=2")]
    [InlineData("data.name", "islands.peers=4", "islands.shards=hosts")]
    [InlineData("clustering.features", "data.name=mine", "islands.peers=4", "islands.shards=hosts", "clustering.features=autoencoder")]
    [InlineData("clustering.conditions", "data.name=mine", "islands.peers=4", "islands.shards=hosts", "clustering.conditions=2")]
    [InlineData("islands.protocol", "data.name=mine", "islands.peers=4", "islands.shards=hosts", "islands.protocol=isolated")]
    [InlineData("islands.minHosts", "data.name=mine", "islands.peers=4", "islands.shards=hosts", "islands.minHosts=5")]
    public void What_peers_cannot_do_together_is_refused(string key, params string[] changes) =>
        Assert.Equal(key, Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, changes)).Key);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_that_are_not_finite_are_refused_in_code_too(double value)
    {
        var spec = new RunSpec();
        RunSpec[] bad =
        [
            spec with { Training = spec.Training with { LearningRate = value } }, spec with { Training = spec.Training with { ClipNorm = value } },
            spec with { Training = spec.Training with { CheckpointSeconds = value } }, spec with { Router = spec.Router with { StepShare = value } },
            spec with { Diffusion = spec.Diffusion with { LogitMean = value } }, spec with { Data = spec.Data with { Validation = value } },
        ];
        Assert.All(bad, s => Assert.Throws<SpecException>(() => SpecValidator.Validate(s)));
        Assert.Throws<SpecException>(() => SpecValidator.ValidateSampling(spec.Sampling with { Shift = value }));
        Assert.Throws<SpecException>(() => SpecValidator.ValidateSampling(spec.Sampling with { Eta = value }));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("top-1")]
    [InlineData("top-4")]
    [InlineData("sample-1")]
    [InlineData("sample-1024")]
    [InlineData("threshold-0.25")]
    [InlineData("nucleus-.9")]
    [InlineData("nucleus-0.999999")]
    [InlineData("sticky-prior")]
    [InlineData("oracle")]
    public void Mixing_rule_is_accepted(string rule) => SpecValidator.ValidateRule("mixing.rule", rule, 4);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Full")]
    [InlineData("full ")]
    [InlineData("full\n")]
    [InlineData("top")]
    [InlineData("top-")]
    [InlineData("top-0")]
    [InlineData("top-01")]
    [InlineData("top--1")]
    [InlineData("top-5")]
    [InlineData("top-1.5")]
    [InlineData("top-\u0661")]
    [InlineData("sample-1025")]
    [InlineData("threshold-0")]
    [InlineData("threshold-0.0")]
    [InlineData("threshold-1")]
    [InlineData("nucleus-1.0")]
    [InlineData("nucleus-00.5")]
    [InlineData("nucleus-0,5")]
    [InlineData("nucleus-5e-1")]
    [InlineData("oracle-1")]
    public void Other_mixing_rule_is_refused(string? rule)
    {
        SpecException e = Assert.Throws<SpecException>(() => SpecValidator.ValidateRule("mixing.rule", rule!, 4));
        Assert.Equal("mixing.rule", e.Key);
    }

    [Fact]
    public void Mixing_rule_is_read_alike_in_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = comma;
            RunSpec spec = SpecJson.Read(string.Empty, "mixing.rule=nucleus-0.9", "training.learningRate=0.002");
            Assert.Equal(0.002, spec.Training.LearningRate);
            SpecException e = Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "data.validation=0.75"));
            Assert.Contains("[0.001, 0.5], not 0.75", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData("fashion-mnist_K4.seed-0")]
    [InlineData("_")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void Run_name_is_accepted(string name) => SpecValidator.Validate(new RunSpec { Name = name });

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("\u00e4")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public void Run_name_that_is_no_folder_name_is_refused(string name) =>
        Assert.Equal("name", Assert.Throws<SpecException>(() => SpecValidator.Validate(new RunSpec { Name = name })).Key);

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a\0b")]
    public void Empty_or_unprintable_data_name_is_refused(string name) =>
        Assert.Equal("data.name", Assert.Throws<SpecException>(() => SpecValidator.Validate(new RunSpec { Data = new() { Name = name } })).Key);

    [Fact]
    public void Batch_that_the_experts_do_not_divide_is_refused_with_both_numbers()
    {
        SpecException e = Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "experts.count=3"));
        Assert.Equal("training.batch", e.Key);
        Assert.Contains("64", e.Message, StringComparison.Ordinal);
        Assert.Contains("experts.count = 3", e.Message, StringComparison.Ordinal);
        SpecJson.Read(string.Empty, "experts.count=3", "training.batch=66");
    }

    [Fact]
    public void Heads_that_do_not_divide_the_width_of_a_dit_are_refused()
    {
        Assert.Equal("model.heads", Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "model.heads=3")).Key);
        Assert.Equal("router.model.heads", Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "router.model.heads=5")).Key);
        SpecJson.Read(string.Empty, "model.heads=3", "model.kind=unet");
    }

    [Fact]
    public void Too_many_experts_are_named_before_what_depends_on_their_number() =>
        Assert.Equal("experts.count", Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "experts.count=100000")).Key);

    [Fact]
    public void Router_is_no_unet() =>
        Assert.Equal("router.model.kind", Assert.Throws<SpecException>(() => SpecJson.Read(string.Empty, "router.model.kind=unet")).Key);
}
