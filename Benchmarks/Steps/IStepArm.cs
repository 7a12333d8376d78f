namespace OrleansDDM.Benchmarks.Steps;

/// <summary>One of the things that are compared: it trains on one batch over and over, forward, backward and AdamW.</summary>
public interface IStepArm : IDisposable
{
    /// <summary>Name in the report.</summary>
    string Name { get; }

    /// <summary>Trains.</summary>
    /// <param name="threads">Native threads.</param>
    /// <param name="steps">Number of steps.</param>
    StepTiming Run(int threads, int steps);
}

/// <summary>What some steps took.</summary>
/// <param name="Wall">Elapsed seconds.</param>
/// <param name="Cpu">Processor seconds of the process.</param>
/// <param name="Losses">Loss of each step.</param>
public sealed record StepTiming(double Wall, double Cpu, IReadOnlyList<double> Losses)
{
    /// <summary>Times <paramref name="steps"/> calls.</summary>
    public static StepTiming Of(int steps, Func<double> step)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        TimeSpan cpu = process.TotalProcessorTime;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        double[] losses = [.. Enumerable.Range(0, steps).Select(_ => step())];
        double wall = clock.Elapsed.TotalSeconds;
        process.Refresh();
        return new StepTiming(wall, (process.TotalProcessorTime - cpu).TotalSeconds, losses);
    }
}
