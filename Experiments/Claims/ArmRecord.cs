namespace OrleansDDM.Experiments.Claims;

/// <summary>What one arm of an experiment gave under one seed.</summary>
public sealed record ArmRecord
{
    /// <summary>Hash of the settings that it was measured under.</summary>
    public string PlanHash { get; init; } = "";

    /// <summary>Name of the arm.</summary>
    public string Arm { get; init; } = "";

    /// <summary>Seed.</summary>
    public ulong Seed { get; init; }

    /// <summary>Seconds of the clock that it took.</summary>
    public double Seconds { get; init; }

    /// <summary>Figures by name; NaN where something did not happen, e.g. a target was not reached.</summary>
    public SortedDictionary<string, double> Values { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Curves by name.</summary>
    public SortedDictionary<string, ArmCurve> Curves { get; init; } = new(StringComparer.Ordinal);

    /// <summary>A figure.</summary>
    /// <exception cref="KeyNotFoundException">The arm has no such figure.</exception>
    public double this[string name] => Values[name];
}

/// <summary>Points of a curve.</summary>
/// <param name="X">Abscissas, ascending.</param>
/// <param name="Y">As many ordinates.</param>
public sealed record ArmCurve(double[] X, double[] Y)
{
    /// <summary>The first abscissa at which the curve reaches a value; NaN if it never does.</summary>
    public double Reaches(double value)
    {
        for (int i = 0; i < X.Length; i++)
        {
            if (Y[i] >= value)
            {
                return X[i];
            }
        }

        return double.NaN;
    }
}

/// <summary>Collects the points of a curve.</summary>
public sealed class CurveBuilder
{
    private readonly List<double> _x = [];
    private readonly List<double> _y = [];

    /// <summary>The curve so far.</summary>
    public ArmCurve Curve => new([.. _x], [.. _y]);

    /// <summary>The last ordinate; NaN before the first.</summary>
    public double Last => _y.Count == 0 ? double.NaN : _y[^1];

    /// <summary>Appends a point.</summary>
    public void Add(double x, double y)
    {
        _x.Add(x);
        _y.Add(y);
    }
}
