using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace OrleansDDM.Specs;

/// <summary>Checks that every value of a spec is in its range. Data-dependent rules (patch divides height, ...) are checked where the data is known.</summary>
public static partial class SpecValidator
{
    /// <summary>Throws on the first rule that is broken.</summary>
    /// <exception cref="SpecException">Names the key and the rule.</exception>
    public static void Validate(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ValidateName("name", spec.Name);
        InRange("experts.count", spec.Experts.Count, 1, 64);
        ValidateText("data.name", spec.Data.Name);
        InRange("data.limit", spec.Data.Limit, 0, int.MaxValue);
        InRange("data.validation", spec.Data.Validation, 0.001, 0.5);
        InRange("data.shapesSize", spec.Data.ShapesSize, 8, 64);
        InRange("data.shapesCount", spec.Data.ShapesCount, 64, 1_000_000);
        OneOf("clustering.method", spec.Clustering.Method, "features", "random");
        OneOf("clustering.features", spec.Clustering.Features, "pca", "autoencoder");
        InRange("clustering.dimensions", spec.Clustering.Dimensions, 2, 256);
        InRange("clustering.conditions", spec.Clustering.Conditions, 0, 64);
        InRange("clustering.fineCentroids", spec.Clustering.FineCentroids, Math.Max(spec.Experts.Count, spec.Clustering.Conditions), 65536);
        InRange("clustering.iterations", spec.Clustering.Iterations, 1, 1000);
        ValidateModel("model", spec.Model);
        ValidateModel("router.model", spec.Router.Model);
        OneOf("router.model.kind", spec.Router.Model.Kind, "dit", "mlp");
        InRange("router.stepShare", spec.Router.StepShare, 0.001, 4);
        InRange("router.batch", spec.Router.Batch, 1, 65536);
        Positive("router.learningRate", spec.Router.LearningRate);
        OneOf("diffusion.path", spec.Diffusion.Path, "flow", "vp-cosine", "edm");
        OneOf("diffusion.parameterization", spec.Diffusion.Parameterization, "flow", "eps", "x0", "v", "score");
        OneOf("diffusion.times", spec.Diffusion.Times, "uniform", "logit-normal");
        InRange("diffusion.logitMean", spec.Diffusion.LogitMean, -10, 10);
        Positive("diffusion.logitStd", spec.Diffusion.LogitStd);
        ValidateTraining(spec);
        ValidateIslands(spec.Islands);
        ValidateHosts(spec);
        ValidateRule("mixing.rule", spec.Mixing.Rule, spec.Experts.Count);
        if (spec.Mixing.Rule == "oracle")
        {
            throw new SpecException("mixing.rule", "cannot be 'oracle': samples have no true cluster to be told; it is a rule for evaluation.rules");
        }

        ValidateSampling(spec.Sampling);
        InRange("evaluation.samples", spec.Evaluation.Samples, 0, 1_000_000);
        if (spec.Evaluation.Samples is > 0 and < 4)
        {
            throw new SpecException("evaluation.samples", $"is {spec.Evaluation.Samples}; a Fréchet distance needs at least 4 samples (0 = none)");
        }

        InRange("evaluation.lossImages", spec.Evaluation.LossImages, 0, 1_000_000);
        InRange("evaluation.lossStrata", spec.Evaluation.LossStrata, 1, 100);
        foreach (string rule in spec.Evaluation.Rules)
        {
            ValidateRule("evaluation.rules", rule, spec.Experts.Count);
        }
    }

    /// <summary>Throws if a sampling spec is out of range.</summary>
    /// <exception cref="SpecException">Names the key and the rule.</exception>
    public static void ValidateSampling(SamplingSpec sampling)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        OneOf("sampling.scheduler", sampling.Scheduler, "euler", "heun", "ddim", "dpmpp-2m");
        InRange("sampling.steps", sampling.Steps, 1, 10_000);
        OneOf("sampling.grid", sampling.Grid, "linear", "log-snr", "karras", "flow-shift");
        Positive("sampling.shift", sampling.Shift);
        InRange("sampling.eta", sampling.Eta, 0, 1);
        InRange("sampling.guidance", sampling.Guidance, 0, 100);
    }

    /// <summary>Throws if <paramref name="rule"/> is not a mixing rule for <paramref name="experts"/> experts.</summary>
    /// <exception cref="SpecException">Names the key and the rule.</exception>
    public static void ValidateRule(string key, string rule, int experts)
    {
        Match match = RulePattern().Match(rule ?? string.Empty);
        bool known = match.Success && (!match.Groups["n"].Success
            || (int.TryParse(match.Groups["n"].Value, CultureInfo.InvariantCulture, out int n) && n >= 1 && n <= 1024));
        if (!known)
        {
            throw new SpecException(key, $"cannot be '{rule}'; it is full, top-N, sample-N, threshold-P, nucleus-P (0 < P < 1), sticky-prior or oracle");
        }

        if (match.Groups["kind"].Value == "top" && int.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture) > Math.Max(experts, 2))
        {
            throw new SpecException(key, $"is '{rule}', but there are only {experts} experts");
        }
    }

    private static void ValidateName(string key, string name)
    {
        if (!NamePattern().IsMatch(name ?? string.Empty))
        {
            throw new SpecException(key, "must be 1 to 64 letters, digits, '-', '_' or '.', and not start with '.'");
        }
    }

    private static void ValidateModel(string prefix, ModelSpec model)
    {
        OneOf($"{prefix}.kind", model.Kind, "dit", "unet", "mlp");
        InRange($"{prefix}.patch", model.Patch, 1, 64);
        InRange($"{prefix}.width", model.Width, 4, 4096);
        InRange($"{prefix}.depth", model.Depth, 1, 64);
        InRange($"{prefix}.heads", model.Heads, 1, 64);
        InRange($"{prefix}.conditionDropout", model.ConditionDropout, 0, 0.999);
        if (model.Kind == "dit" && model.Width % model.Heads != 0)
        {
            throw new SpecException($"{prefix}.heads", $"is {model.Heads}, which does not divide the width {model.Width}");
        }
    }

    private static void ValidateTraining(RunSpec spec)
    {
        TrainingSpec training = spec.Training;
        InRange("training.steps", training.Steps, 1, 100_000_000);
        InRange("training.batch", training.Batch, 1, 65536);
        if (training.Batch % spec.Experts.Count != 0)
        {
            throw new SpecException("training.batch", $"is {training.Batch}, the total over all experts, and must be a multiple of experts.count = {spec.Experts.Count}");
        }

        OneOf("training.optimizer", training.Optimizer, "adamw", "sgd");
        Positive("training.learningRate", training.LearningRate);
        InRange("training.weightDecay", training.WeightDecay, 0, 10);
        InRange("training.beta1", training.Beta1, 0, 0.99999999);
        InRange("training.beta2", training.Beta2, 0, 0.99999999);
        InRange("training.warmup", training.Warmup, 0, int.MaxValue);
        InRange("training.decayShare", training.DecayShare, 0, 1);
        InRange("training.clipNorm", training.ClipNorm, 0, 1e9);
        InRange("training.emaDecay", training.EmaDecay, 0, 0.99999999);
        OneOf("training.precision", training.Precision, "float32", "bfloat16");
        OneOf("training.device", training.Device, "any", "cpu", "cuda", "prefer-cuda");
        InRange("training.deviceMemory", training.DeviceMemory, 0, 4096);
        if (spec.Islands.Peers > 0 && training is not { Device: "any", DeviceMemory: 0 })
        {
            throw new SpecException(
                training.Device == "any" ? "training.deviceMemory" : "training.device", "cannot be set together with islands.peers: peers train on the hosts of their data");
        }

        OneOf("training.weights", training.Weights, "ema", "raw");
        OneOf("training.export", training.Export, "last", "best");
        InRange("training.validations", training.Validations, 1, 1000);
        InRange("training.checkpointSeconds", training.CheckpointSeconds, 0, 86_400);
        InRange("training.keepLast", training.KeepLast, 1, 100);
    }

    private static void ValidateIslands(IslandsSpec islands)
    {
        InRange("islands.peers", islands.Peers, 0, 4096);
        OneOf("islands.protocol", islands.Protocol, [.. IslandsSpec.Protocols]);
        if (islands.Options is null || islands.Options.Any(o => o is null || o.IndexOf('=', StringComparison.Ordinal) < 1))
        {
            throw new SpecException("islands.options", "must be a list of NAME=VALUE, such as gossipSteps=1");
        }

        if (islands is { Protocol: "isolated", Options.Count: > 0 })
        {
            throw new SpecException("islands.options", "must be empty for isolated, which has none; choose another islands.protocol");
        }

        OneOf("islands.shards", islands.Shards, [.. IslandsSpec.Partitions]);
        if (islands.Peers > 0 && islands.Shards == "file" && islands.ShardsFile.Length == 0)
        {
            throw new SpecException("islands.shardsFile", "must name the file that deals the images out, or choose other islands.shards");
        }

        InRange("islands.minHosts", islands.MinHosts, 1, 4096);
        InRange("islands.alpha", islands.Alpha, 1e-3, 1e6);
        InRange("islands.classesPerPeer", islands.ClassesPerPeer, 1, 1000);
        InRange("islands.minSamples", islands.MinSamples, 1, 1_000_000);
        InRange("islands.localSteps", islands.LocalSteps, 1, 10_000);
        InRange("islands.batch", islands.Batch, 0, 65536);
        InRange("islands.sampleSize", islands.SampleSize, 1, 1024);
        InRange("islands.aggregators", islands.Aggregators, 1, 64);
        InRange("islands.successFraction", islands.SuccessFraction, 0.01, 1);
        OneOf("islands.weighting", islands.Weighting, "samples", "uniform");
        OneOf("islands.aggregation", islands.Aggregation, "mean", "variance-corrected");
        OneOf("islands.moments", islands.Moments, "carried", "fresh");
        OneOf("islands.topology", islands.Topology, [.. IslandsSpec.Topologies]);
        if (islands.Peers > 0 && islands.Topology == "file" && islands.TopologyFile.Length == 0)
        {
            throw new SpecException("islands.topologyFile", "must name the file with the edges, or choose another islands.topology");
        }

        InRange("islands.topologyDegree", islands.TopologyDegree, 1, 4095);
        InRange("islands.topologyRadius", islands.TopologyRadius, 1e-3, 2);
        InRange("islands.topologyProbability", islands.TopologyProbability, 0, 1);
        OneOf("islands.compression", islands.Compression, [.. IslandsSpec.Compressions]);
        InRange("islands.compressionKeep", islands.CompressionKeep, 1e-5, 1);
        InRange("islands.compressionBlock", islands.CompressionBlock, 1, 65536);
        InRange("islands.unreachable", islands.Unreachable, 0, 0.95);
        InRange("islands.peer", islands.Peer, -1, 4095);
        if (islands.Peers > 0 && islands.Peer >= islands.Peers)
        {
            throw new SpecException("islands.peer", $"is {islands.Peer}, but the {islands.Peers} peers are numbered from 0");
        }

        if (islands is { Compression: "top-k", Protocol: not ("modest" or "fedavg") })
        {
            throw new SpecException(
                "islands.compression", $"cannot be 'top-k' with {islands.Protocol}, whose peers do not hold the model that another one's change is to; use bf16 or int8, or modest");
        }

        if (islands is { Protocol: "fedavg", Unreachable: > 0 })
        {
            throw new SpecException("islands.unreachable", "must be 0 for fedavg, whose server could be drawn; use modest");
        }
    }

    // What needs the images of all hosts in one place cannot be had.
    private static void ValidateHosts(RunSpec spec)
    {
        IslandsSpec islands = spec.Islands;
        if (!islands.IsOnHosts())
        {
            return;
        }

        if (spec.Data.Name == "shapes")
        {
            throw new SpecException("data.name", "is 'shapes', which is drawn alike everywhere, but with islands.shards=hosts each host has images of its own; name their folder");
        }

        if (spec.Clustering is { Method: "features", Features: not "pca" } && spec.Experts.Count > 1)
        {
            throw new SpecException("clustering.features", $"cannot be '{spec.Clustering.Features}' with islands.shards=hosts: it is trained on all images in one place; use pca");
        }

        if (spec.Clustering.Conditions > 0)
        {
            throw new SpecException("clustering.conditions", "must be 0 with islands.shards=hosts");
        }

        if (islands.Protocol == "isolated")
        {
            throw new SpecException("islands.protocol", "cannot be 'isolated' with islands.shards=hosts: a model that one peer trains does not leave its host; use modest");
        }

        if (islands.MinHosts > islands.Peers)
        {
            throw new SpecException("islands.minHosts", $"is {islands.MinHosts}, but there are {islands.Peers} peers, and each host needs one at least");
        }
    }

    private static void InRange<T>(string key, T value, T low, T high)
        where T : INumber<T>
    {
        if (!(value >= low && value <= high))
        {
            throw new SpecException(key, string.Create(CultureInfo.InvariantCulture, $"must be in [{low}, {high}], not {value}"));
        }
    }

    private static void Positive(string key, double value)
    {
        if (!(value > 0 && double.IsFinite(value)))
        {
            throw new SpecException(key, string.Create(CultureInfo.InvariantCulture, $"must be positive and finite, not {value}"));
        }
    }

    private static void ValidateText(string key, string value)
    {
        if (string.IsNullOrWhiteSpace(value) || value.Any(char.IsControl))
        {
            throw new SpecException(key, "must not be empty or hold control characters");
        }
    }

    private static void OneOf(string key, string value, params string[] allowed)
    {
        if (!allowed.Contains(value))
        {
            throw new SpecException(key, $"must be one of {string.Join(", ", allowed)}, not '{value}'");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^(?:full|sticky-prior|oracle|(?<kind>top|sample)-(?<n>[1-9][0-9]{0,3})|(?:threshold|nucleus)-(?<p>0?\.(?=[0-9]*[1-9])[0-9]{1,6}))\z")]
    private static partial Regex RulePattern();
}
