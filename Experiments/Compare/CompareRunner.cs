using System.Globalization;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Runs the arms of a plan one after the other; those that are measured already are not run again.</summary>
/// <param name="plan">The plan, frozen in the folder.</param>
/// <param name="folder">Where measurements are kept.</param>
/// <param name="arms">Trains and measures.</param>
public sealed class CompareRunner(ComparePlan plan, CompareFolder folder, IArmRunner arms)
{
    /// <summary>The runs that are not measured yet.</summary>
    public IReadOnlyList<CompareRun> Missing => [.. plan.Runs.Where(run => folder.Read(plan, run) is null)];

    /// <summary>Runs what is missing and draws the findings.</summary>
    /// <exception cref="InvalidOperationException">The folder does not hold the plan.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; call again to go on.</exception>
    public async Task<CompareFindings> RunAsync(IProgress<string>? progress, CancellationToken cancellation)
    {
        if (folder.PlanHash() != plan.Hash)
        {
            throw new InvalidOperationException("Freeze the plan in the folder before the first run.");
        }

        JudgeFacts judge = await arms.JudgeAsync(plan, progress, cancellation);
        var measurements = new List<ArmMeasurement>();
        IReadOnlyList<CompareRun> runs = plan.Runs;
        for (int i = 0; i < runs.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ArmMeasurement? measurement = folder.Read(plan, runs[i]);
            progress?.Report(string.Create(
                CultureInfo.InvariantCulture, $"[{i + 1}/{runs.Count}] {runs[i].Name}{(measurement is null ? "" : ": measured already")}"));
            if (measurement is null)
            {
                measurement = await arms.RunAsync(plan, runs[i], progress, cancellation);
                folder.Write(runs[i], measurement);
            }

            measurements.Add(measurement);
        }

        return CompareFindings.Of(plan, judge, measurements);
    }
}
