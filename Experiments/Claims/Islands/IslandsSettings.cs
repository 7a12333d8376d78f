using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Claims.Islands;

/// <summary>Settings of <see cref="IslandsExperiment"/>.</summary>
public sealed record IslandsSettings
{
    /// <summary>Data set with classes.</summary>
    public string Data { get; init; } = "fashion-mnist";

    /// <summary>Most training images; 0 = all.</summary>
    public int Images { get; init; }

    /// <summary>Experts.</summary>
    public int Experts { get; init; } = 4;

    /// <summary>Peers.</summary>
    public int Peers { get; init; } = 32;

    /// <summary>Dirichlet's alpha of the shards.</summary>
    public double Alpha { get; init; } = 0.3;

    /// <summary>Part of the peers that never answer.</summary>
    public double Unreachable { get; init; } = 0.3;

    /// <summary>Peers that train in a round.</summary>
    public int SampleSize { get; init; } = 4;

    /// <summary>Local steps of a round.</summary>
    public int LocalSteps { get; init; } = 10;

    /// <summary>Steps of an expert in one place; all arms draw as many samples.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Images of a step of all experts together: each takes its share of them.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Images of a local step: so many that as many samples give an island as many steps one after the other as they give one place.</summary>
    public int PeerBatch => Math.Max(1, ExpertBatch / SampleSize);

    private int ExpertBatch => Batch / Experts;

    /// <summary>Steps of the warm-up.</summary>
    public int Warmup { get; init; } = 100;

    /// <summary>Decay of the moving average of weights.</summary>
    public double EmaDecay { get; init; } = 0.995;

    /// <summary>Channels of the U-Net's first level.</summary>
    public int Width { get; init; } = 16;

    /// <summary>Levels of the U-Net.</summary>
    public int Depth { get; init; } = 3;

    /// <summary>Learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Single peers, drawn by the seed, whose own ensembles are measured.</summary>
    public int SinglePeers { get; init; } = 1;

    /// <summary>Samples of the Fréchet distance.</summary>
    public int Samples { get; init; } = 2000;

    /// <summary>Mixing rule that they are drawn with.</summary>
    public string Rule { get; init; } = "sticky-prior";

    /// <summary>Solver steps.</summary>
    public int SolverSteps { get; init; } = 20;

    /// <summary>Test images of the held-out loss.</summary>
    public int LossImages { get; init; } = 1000;

    /// <summary>Most training steps of the judge.</summary>
    public int JudgeSteps { get; init; } = 6000;

    /// <summary>The settings of a run.</summary>
    public static IslandsSettings Of(string data, bool quick)
    {
        var full = new IslandsSettings { Data = data };
        return !quick ? full : full with
        {
            Images = 12_000,
            Steps = 220,
            Warmup = 25,
            EmaDecay = 0.98,
            Samples = 320,
            SolverSteps = 12,
            LossImages = 320,
            JudgeSteps = 600,
        };
    }

    /// <summary>The run of an arm: training in one place where <paramref name="islands"/> says nothing.</summary>
    public RunSpec Run(string name, ulong seed, IslandsSpec islands) => new()
    {
        Name = name,
        Seed = seed,
        Data = new DataSpec { Name = Data, Limit = Images },
        Experts = new ExpertsSpec { Count = Experts },
        Model = new ModelSpec { Kind = "unet", Width = Width, Depth = Depth },
        Router = new RouterSpec { Model = new ModelSpec { Kind = "dit", Width = 32, Depth = 2 }, Batch = ExpertBatch },
        Training = new TrainingSpec { Steps = Steps, Batch = Batch, LearningRate = LearningRate, Warmup = Warmup, EmaDecay = EmaDecay, Validations = 8, CheckpointSeconds = 60 },
        Islands = islands,
        Mixing = new MixingSpec { Rule = Rule },
        Sampling = new SamplingSpec { Scheduler = "dpmpp-2m", Steps = SolverSteps },
    };

    /// <summary>Islands by a protocol.</summary>
    public IslandsSpec Island(string protocol) => new()
    {
        Peers = Peers,
        Protocol = protocol,
        Shards = "dirichlet",
        Alpha = Alpha,
        SampleSize = SampleSize,
        LocalSteps = LocalSteps,
        Batch = PeerBatch,
    };
}
