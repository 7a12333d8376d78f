namespace OrleansDDM.Learning.Serialization;

/// <summary>Tells a file that is open elsewhere from a disk that fails.</summary>
public static class FileInUse
{
    // EAGAIN as .NET hands it on (Linux and BSDs number it differently), and ERROR_SHARING_VIOLATION of Windows.
    private static readonly int Code = OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsLinux() ? 11 : 35;

    /// <summary>Whether an error of opening a file says that another process, or another part of this one, has it open.</summary>
    public static bool IsCauseOf(IOException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.HResult == Code;
    }
}
