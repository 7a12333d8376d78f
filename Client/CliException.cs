namespace OrleansDDM.Client;

/// <summary>Ends the command with a message for the user and an exit code.</summary>
/// <param name="exitCode">One of <see cref="Client.ExitCode"/>.</param>
/// <param name="message">Names the thing, the rule and the mend.</param>
public sealed class CliException(int exitCode, string message) : Exception(message)
{
    /// <summary>The exit code.</summary>
    public int ExitCode { get; } = exitCode;
}
