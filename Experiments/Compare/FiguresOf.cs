using System.Globalization;

using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Figures of a comparison as text.</summary>
internal static class FiguresOf
{
    /// <summary>Mean ± standard deviation over seeds; the mean alone for one seed.</summary>
    public static string Seeds(SeedStatistic value) =>
        Figures.Number(value.Mean) + (double.IsFinite(value.Deviation) ? " ± " + Figures.Number(value.Deviation, 2) : "");

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
