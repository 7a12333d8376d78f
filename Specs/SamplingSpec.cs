namespace OrleansDDM.Specs;

/// <summary>How samples are drawn.</summary>
public sealed record SamplingSpec
{
    /// <summary><c>euler</c>, <c>heun</c>, <c>ddim</c> or <c>dpmpp-2m</c>.</summary>
    public string Scheduler { get; init; } = "euler";

    /// <summary>Solver steps, 1 to 10000.</summary>
    public int Steps { get; init; } = 40;

    /// <summary>Time grid: <c>linear</c>, <c>log-snr</c>, <c>karras</c> or <c>flow-shift</c>.</summary>
    public string Grid { get; init; } = "linear";

    /// <summary>Shift of the <c>flow-shift</c> grid, &gt; 0; 1 = linear.</summary>
    public double Shift { get; init; } = 3;

    /// <summary>DDIM's eta in [0, 1]: 0 is deterministic, 1 is ancestral.</summary>
    public double Eta { get; init; }

    /// <summary>Classifier-free guidance weight: 1 = none, 0 = unconditional.</summary>
    public double Guidance { get; init; } = 1;

    /// <summary>Clip the mixed x0 prediction to [-1, 1] at each step.</summary>
    public bool Clip { get; init; }
}
