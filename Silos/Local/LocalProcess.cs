using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace OrleansDDM.Silos.Local;

/// <summary>A process of this machine that outlives the one that started it.</summary>
/// <param name="ProcessId">Its id.</param>
/// <param name="Started">When it started, UTC; tells it from a later one with the same id.</param>
public sealed record LocalProcess(int ProcessId, DateTimeOffset Started)
{
    private static readonly TimeSpan StartTolerance = TimeSpan.FromSeconds(5);

    /// <summary>A running process.</summary>
    public static LocalProcess Of(Process process)
    {
        ArgumentNullException.ThrowIfNull(process);
        return new LocalProcess(process.Id, process.StartTime.ToUniversalTime());
    }

    /// <summary>Whether it runs. One that has ended and waits for its parent to notice does not.</summary>
    public bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            return !process.HasExited && (process.StartTime.ToUniversalTime() - Started.UtcDateTime).Duration() < StartTolerance && !IsZombie();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Sends a signal, e.g. <c>TERM</c>, unless it has ended.</summary>
    public void Signal(string name)
    {
        if (IsAlive())
        {
            using Process kill = Process.Start("kill", ["-" + name, ProcessId.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    /// <summary>Waits for its end. Returns whether it has ended in time.</summary>
    public async Task<bool> EndedAsync(TimeSpan limit, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        while (IsAlive())
        {
            if (clock.Elapsed > limit)
            {
                return false;
            }

            await Task.Delay(20, cancellation);
        }

        return true;
    }

    private bool IsZombie()
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{ProcessId.ToString(CultureInfo.InvariantCulture)}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
