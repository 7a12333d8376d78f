namespace OrleansDDM.Specs;

/// <summary>How each expert is trained.</summary>
public sealed record TrainingSpec
{
    /// <summary>Optimizer steps of each expert.</summary>
    public int Steps { get; init; } = 6000;

    /// <summary>Total batch over all experts; each expert trains with <c>Batch / Experts.Count</c>, so that the number of
    /// experts does not change the training FLOPs (DDM §4.1).</summary>
    public int Batch { get; init; } = 64;

    /// <summary><c>adamw</c> or <c>sgd</c>.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay of the weights; biases and norms are not decayed.</summary>
    public double WeightDecay { get; init; }

    /// <summary>AdamW's beta 1, or the momentum of SGD; [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's beta 2; [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Steps of linear warm-up.</summary>
    public int Warmup { get; init; } = 200;

    /// <summary>Share of the steps, at the end, over which the learning rate falls linearly to zero; [0, 1].</summary>
    public double DecayShare { get; init; } = 0.3;

    /// <summary>Largest gradient norm; 0 = no clipping.</summary>
    public double ClipNorm { get; init; } = 1.0;

    /// <summary>Decay of the exponential moving average of the weights; [0, 1).</summary>
    public double EmaDecay { get; init; } = 0.999;

    /// <summary><c>float32</c>, or <c>bfloat16</c>: the network computes with weights rounded to bfloat16, the optimizer keeps float32 master weights.</summary>
    public string Precision { get; init; } = "float32";

    /// <summary>
    /// On which devices the models may train: <c>any</c>; <c>cpu</c> or <c>cuda</c>, and the run waits where there is none; <c>prefer-cuda</c>, which takes
    /// others where no card has room. Bits are the same on devices of one kind only.
    /// </summary>
    public string Device { get; init; } = "any";

    /// <summary>Memory that a device must have for one model to train on it, in GiB; 0 = what the model is estimated to need.</summary>
    public double DeviceMemory { get; init; }

    /// <summary>Mirror images left-right at random.</summary>
    public bool Flip { get; init; }

    /// <summary>Which weights are validated, sampled and exported: <c>ema</c> or <c>raw</c>.</summary>
    public string Weights { get; init; } = "ema";

    /// <summary>Which checkpoint is exported: <c>last</c>, or <c>best</c>, the one of the lowest validation loss.</summary>
    public string Export { get; init; } = "last";

    /// <summary>Number of evenly spaced validations of the held-out loss; each is followed by a checkpoint.</summary>
    public int Validations { get; init; } = 10;

    /// <summary>Longest time between two checkpoints, in seconds.</summary>
    public double CheckpointSeconds { get; init; } = 10;

    /// <summary>How many of the newest checkpoints are kept beside the best one.</summary>
    public int KeepLast { get; init; } = 2;
}
