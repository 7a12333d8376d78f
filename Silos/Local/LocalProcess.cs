using System.Diagnostics;
using System.Globalization;

using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Local;

/// <summary>A process of this machine that outlives the one that started it.</summary>
/// <param name="ProcessId">Its id.</param>
/// <param name="Token">Tells it from a later one with the same id.</param>
public sealed record LocalProcess(int ProcessId, string Token)
{
    /// <summary>A process that was just started.</summary>
    public static LocalProcess Of(Process process)
    {
        ArgumentNullException.ThrowIfNull(process);
        return Of(process.Id);
    }

    /// <summary>The process that has an id now; where none has, one that has ended.</summary>
    internal static LocalProcess Of(int processId) => new(processId, ProcessToken.Of(processId) ?? "ended");

    /// <summary>Whether it runs. One that has ended and waits for its parent to notice does not.</summary>
    public bool IsAlive() => ProcessToken.Of(ProcessId) == Token;

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
}
