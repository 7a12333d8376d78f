namespace OrleansDDM.Silos.Security.Access;

/// <summary>One decision.</summary>
/// <param name="Caller">Whose token was shown; null = none that holds.</param>
/// <param name="Role">The token's role.</param>
/// <param name="Source">Where it came from: the client's id, or its address.</param>
/// <param name="What">The method, page or act.</param>
/// <param name="Target">The grain; null where there is none.</param>
/// <param name="Allowed">Whether it was let in.</param>
/// <param name="Reason">Why not.</param>
public sealed record AuditEntry(string? Caller, string? Role, string Source, string What, string? Target, bool Allowed, string? Reason);
