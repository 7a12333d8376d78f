using System.Globalization;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Progress;

/// <summary>Progress of one model in words.</summary>
internal static class ProgressText
{
    /// <summary>Role, step, loss, speed and the time that is left; where there is no room for all of it, speed goes first, then the loss.</summary>
    /// <param name="progress">Telemetry of a model.</param>
    /// <param name="remaining">Seconds that are left, if known.</param>
    /// <param name="room">Characters that fit.</param>
    public static string Line(RunEvent progress, double? remaining, int room = int.MaxValue)
    {
        string steps = string.Create(CultureInfo.InvariantCulture, $"{progress.Role,-9} step {progress.Step}/{progress.Steps}");
        string loss = string.Create(CultureInfo.InvariantCulture, $"  loss {progress.Loss:0.0000}");
        string speed = string.Create(CultureInfo.InvariantCulture, $"  {progress.ImagesPerSecond:0} images/s");
        string left = progress.Step < progress.Steps ? Left(remaining) : string.Empty;
        string[] lines = [steps + loss + speed + left, steps + loss + left, steps + left, steps];
        return lines.FirstOrDefault(l => l.Length <= room) ?? steps;
    }

    private static string Left(double? seconds) => seconds is { } s
        ? string.Create(CultureInfo.InvariantCulture, $"  {(int)(Math.Ceiling(s) / 60)}:{Math.Ceiling(s) % 60:00} left")
        : string.Empty;
}
