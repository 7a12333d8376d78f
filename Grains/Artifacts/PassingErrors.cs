using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Errors of the disk that pass by themselves and say nothing of the file, e.g. too many open files: no run may be lost by one.</summary>
internal static class PassingErrors
{
    // About four seconds in all.
    private const int Tries = 20;
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(400);

    // ENFILE and EMFILE as .NET hands them on.
    private const int SystemFull = 23, ProcessFull = 24;

    /// <summary>Whether an error is one of them.</summary>
    public static bool Is(IOException e) => FileInUse.IsCauseOf(e) || e.HResult is SystemFull or ProcessFull;

    /// <summary>Opens a file, again for a few seconds where an error passes. It blocks for as long.</summary>
    /// <exception cref="IOException">The file cannot be opened, or not for all that time.</exception>
    public static Stream Outlast(Func<Stream> open, TimeProvider clock)
    {
        Random? jitter = null;
        TimeSpan pause = First;
        for (int failed = 0; ; failed++)
        {
            try
            {
                return open();
            }
            catch (IOException e) when (Is(e) && failed < Tries)
            {
                // Threads that ran out of handles together do not come back together.
                jitter ??= new Random(Environment.CurrentManagedThreadId);
            }

            Task.Delay(pause * (1 - (jitter.NextDouble() / 2)), clock).GetAwaiter().GetResult();
            pause = 2 * pause < Longest ? 2 * pause : Longest;
        }
    }
}
