namespace OrleansDDM.Experiments.Claims;

/// <summary>All records of an experiment: every arm under every seed.</summary>
/// <param name="Seeds">Seeds, in order.</param>
/// <param name="All">The records.</param>
public sealed record ClaimRecords(IReadOnlyList<ulong> Seeds, IReadOnlyList<ArmRecord> All)
{
    /// <summary>The record of an arm under a seed.</summary>
    public ArmRecord Of(string arm, ulong seed) => All.First(r => r.Arm == arm && r.Seed == seed);

    /// <summary>A figure of an arm, one for each seed.</summary>
    public double[] Values(string arm, string value) => [.. Seeds.Select(seed => Of(arm, seed)[value])];

    /// <summary>A figure made of several records of one seed, one for each seed.</summary>
    public double[] Each(Func<Func<string, ArmRecord>, double> figure) => [.. Seeds.Select(seed => figure(arm => Of(arm, seed)))];

    /// <summary>A curve averaged over seeds; abscissas are those of the first seed.</summary>
    public ArmCurve Mean(string arm, string curve)
    {
        ArmCurve[] curves = [.. Seeds.Select(seed => Of(arm, seed).Curves[curve])];
        int length = curves.Min(c => c.X.Length);
        return new ArmCurve(curves[0].X[..length], [.. Enumerable.Range(0, length).Select(i => curves.Average(c => c.Y[i]))]);
    }
}
