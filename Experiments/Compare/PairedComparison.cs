using OrleansDDM.Learning.Metrics;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Paired held-out loss of a monolith minus that of an ensemble's <c>full</c> rule: above 0 the ensemble is better.</summary>
/// <param name="Arm">The ensemble.</param>
/// <param name="Seed">Seed of both runs.</param>
/// <param name="Difference">Mean difference.</param>
/// <param name="Low">Lower end of the bootstrap interval.</param>
/// <param name="High">Upper end of it.</param>
public sealed record PairedComparison(string Arm, ulong Seed, double Difference, double Low, double High)
{
    /// <summary>Compares two measurements of one seed.</summary>
    /// <exception cref="ArgumentException">They have different numbers of errors.</exception>
    public static PairedComparison Of(ArmMeasurement monolith, ArmMeasurement ensemble, CompareMetric metric)
    {
        ArgumentNullException.ThrowIfNull(monolith);
        ArgumentNullException.ThrowIfNull(ensemble);
        ArgumentNullException.ThrowIfNull(metric);
        var loss = new PairedLoss(
            Array.ConvertAll(monolith.TestErrors, e => (double)e), Array.ConvertAll(ensemble.TestErrors, e => (double)e), metric.LossStrata);
        PairedLossResult result = loss.Compare(metric.Seed, metric.Resamples, metric.Confidence);
        return new PairedComparison(ensemble.Arm, ensemble.Seed, result.Difference, result.Low, result.High);
    }
}
