namespace OrleansDDM.Silos.Cluster;

/// <summary>A running silo.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ProcessId">Its process on its host.</param>
/// <param name="Silo">Address and port for other silos.</param>
/// <param name="Gateway">Address and port for clients.</param>
/// <param name="HttpUrl">Where it serves web pages; null = nowhere.</param>
public sealed record SiloInfo(string Name, int ProcessId, string Silo, string Gateway, string? HttpUrl);
