using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace OrleansDDM.Silos.Embedding;

/// <summary>
/// Tells a running process from a later one with the same id. Where <c>/proc</c> exists it is the boot's id and the kernel's count of ticks
/// since the boot, which no change of the wall clock touches; elsewhere it is the start time as the system tells it.
/// </summary>
internal static class ProcessToken
{
    private const int StartTicks = 19;

    /// <summary>The token of a process; null = it does not run. One that has ended and waits for its parent to notice does not.</summary>
    public static string? Of(int processId)
    {
        string proc = $"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat";
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // The name, in parentheses, may hold anything; what follows it are fields between spaces, the first of them the state.
                string stat = File.ReadAllText(proc);
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                return fields[0] is "Z" or "X" ? null : File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() + "/" + fields[StartTicks];
            }

            using var process = Process.GetProcessById(processId);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or Win32Exception or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
