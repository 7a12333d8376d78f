using System.Net;

namespace OrleansDDM.Silos.Cluster;

/// <summary>A silo as the membership table knows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Status">Created, Joining, Active, ShuttingDown, Stopping or Dead.</param>
/// <param name="Silo">Address and port for other silos.</param>
/// <param name="Gateway">Address and port for clients; null = none.</param>
/// <param name="Host">Name of its host.</param>
/// <param name="Started">When it started.</param>
/// <param name="LastSeen">Its last sign of life in the table.</param>
public sealed record SiloRecord(
    string Name, string Status, IPEndPoint Silo, IPEndPoint? Gateway, string Host, DateTimeOffset Started, DateTimeOffset LastSeen);
