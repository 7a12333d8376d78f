using System.Globalization;

using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Figures of a comparison as text.</summary>
internal static class FiguresOf
{
    /// <summary>Mean ± standard deviation over seeds; the mean alone for one seed.</summary>
    public static string Seeds(SeedStatistic value) =>
        Figures.Number(value.Mean) + (double.IsFinite(value.Deviation) ? " ± " + Figures.Number(value.Deviation, 2) : "");

    /// <summary>The floor, e.g. <c>0.51 ± 0.1</c>; without a deviation where there was one draw.</summary>
    public static string Floor(JudgeFacts judge) =>
        Figures.Number(judge.Floor) + (judge.FloorDeviation > 0 ? " ± " + Figures.Number(judge.FloorDeviation, 2) : "");

    /// <summary>The images of the floor, and that they are too few where they are.</summary>
    public static string FloorImages(JudgeFacts judge, int samples) =>
        $"{Figures.Count(judge.FloorImages)} validation images, which the judge has not seen"
        + (judge.FloorImages < samples ? $" (fewer than the {Figures.Count(samples)} samples, so it is too high)" : "");

    /// <summary>A large count with its SI prefix, e.g. <c>1.23 P</c>.</summary>
    public static string Large(double value)
    {
        (double unit, string prefix) = Math.Abs(value) switch
        {
            >= 1e18 => (1e18, " E"),
            >= 1e15 => (1e15, " P"),
            >= 1e12 => (1e12, " T"),
            >= 1e9 => (1e9, " G"),
            >= 1e6 => (1e6, " M"),
            >= 1e3 => (1e3, " k"),
            _ => (1, ""),
        };
        return (value / unit).ToString("0.##", CultureInfo.InvariantCulture) + prefix;
    }
}
