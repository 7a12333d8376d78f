namespace OrleansDDM.Contracts.Security;

/// <summary>The caller may not do this; the message says why, and what would help.</summary>
/// <param name="message">A sentence for the user.</param>
[GenerateSerializer]
[Alias(Aliases.AccessDeniedException)]
public sealed class AccessDeniedException(string message) : Exception(message);

/// <summary>The caller asks for more at a time than one caller may.</summary>
/// <param name="message">A sentence that names the limit.</param>
[GenerateSerializer]
[Alias(Aliases.TooManyRequestsException)]
public sealed class TooManyRequestsException(string message) : Exception(message);
