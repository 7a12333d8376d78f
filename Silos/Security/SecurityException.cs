namespace OrleansDDM.Silos.Security;

/// <summary>A token, key, certificate or secret file cannot be used. The message names it, the rule and the mend.</summary>
public sealed class SecurityException(string message, Exception? inner = null) : Exception(message, inner);
