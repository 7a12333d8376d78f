using System.Globalization;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>The mixing rules a spec can name.</summary>
public static class MixingRules
{
    /// <summary>
    /// The rule called <paramref name="id"/>: <c>full</c>; <c>top-N</c>, the N best; <c>sample-N</c>, N draws from the router each step;
    /// <c>threshold-P</c>, all with p at least P, and the best; <c>nucleus-P</c>, the fewest that reach mass P; <c>sticky-prior</c>, one
    /// expert drawn once per sample from the prior; <c>oracle</c>, a given expert per sample.
    /// </summary>
    /// <param name="id">Name in a spec.</param>
    /// <param name="priors">Cluster masses p(k), (K), for <c>sticky-prior</c>; scaled to sum to 1.</param>
    /// <exception cref="ArgumentException">No such rule, a number out of range, or priors that are missing or no masses.</exception>
    public static IMixingRule Parse(string id, IReadOnlyList<double>? priors = null)
    {
        ArgumentNullException.ThrowIfNull(id);
        int dash = id.IndexOf('-', StringComparison.Ordinal);
        string kind = dash < 0 ? id : id[..dash];
        string argument = dash < 0 ? string.Empty : id[(dash + 1)..];
        bool whole = int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= 1024;
        bool share = double.TryParse(argument, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double p) && p is > 0 and < 1;
        return (id, kind) switch
        {
            ("full", _) => RouterRule.Full(),
            ("oracle", _) => new OracleRule(),
            ("sticky-prior", _) => new StickyPriorRule(priors ?? throw new ArgumentException("sticky-prior needs the prior of each expert.", nameof(priors))),
            (_, "top") when whole => RouterRule.Top(n),
            (_, "sample") when whole => RouterRule.Sample(n),
            (_, "threshold") when share => RouterRule.Threshold(id, p),
            (_, "nucleus") when share => RouterRule.Nucleus(id, p),
            _ => throw new ArgumentException(
                $"Mixing rule '{id}' does not exist; use full, top-N, sample-N, threshold-P, nucleus-P (0 < P < 1), sticky-prior or oracle.", nameof(id)),
        };
    }
}
