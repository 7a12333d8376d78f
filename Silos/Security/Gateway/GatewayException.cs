namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>A connection sent what no honest client sends; it is closed.</summary>
/// <param name="what">What it sent.</param>
internal sealed class GatewayException(string what) : Exception($"The client sent {what}.");
