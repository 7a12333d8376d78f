using System.Globalization;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Progress;

/// <summary>Progress of one model in words.</summary>
internal static class ProgressText
{
    /// <summary>Role, step, loss, speed and the time that is left.</summary>
    public static string Line(RunEvent progress, double? remaining) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Role,-9} step {progress.Step}/{progress.Steps}  loss {progress.Loss:0.0000}  {progress.ImagesPerSecond:0} images/s{Left(remaining)}");

    private static string Left(double? seconds) => seconds is { } s
        ? string.Create(CultureInfo.InvariantCulture, $"  {(int)(Math.Ceiling(s) / 60)}:{Math.Ceiling(s) % 60:00} left")
        : string.Empty;
}
