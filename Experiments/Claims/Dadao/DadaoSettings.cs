namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>Settings of <see cref="DadaoExperiment"/>. Time is in units of one gradient for each peer.</summary>
public sealed record DadaoSettings
{
    /// <summary>Elements of x.</summary>
    public int Dimension { get; init; } = 5;

    /// <summary>κ = L / μ of the arms that compare graphs.</summary>
    public double Condition { get; init; } = 20;

    /// <summary>κ of the arms that compare conditions, on the grid.</summary>
    public IReadOnlyList<double> Conditions { get; init; } = [10, 40, 160];

    /// <summary>Samples of a peer in the logistic regression.</summary>
    public int LogisticSamples { get; init; } = 40;

    /// <summary>Standard deviation of its features.</summary>
    public double LogisticScale { get; init; } = 4;

    /// <summary>Units of time at a condition of 20; others take as many as the theory's rate asks for.</summary>
    public double Time { get; init; } = 600;

    /// <summary>Units of time between reports.</summary>
    public double Every { get; init; } = 2;

    /// <summary>Error, as a share of the initial one, up to which exchanges are counted.</summary>
    public double Target { get; init; } = 1e-6;

    /// <summary>The settings of a run.</summary>
    public static DadaoSettings Of(bool quick) => quick ? new DadaoSettings { Time = 500, Every = 5 } : new DadaoSettings();
}
