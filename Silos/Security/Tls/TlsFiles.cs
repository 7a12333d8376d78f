namespace OrleansDDM.Silos.Security.Tls;

/// <summary>The files of one process's identity, all PEM. <c>ddm cert</c> makes them.</summary>
/// <param name="Authority">Certificate of the authority that signs for this cluster.</param>
/// <param name="Certificate">This process's certificate.</param>
/// <param name="Key">Its private key, readable by its owner only.</param>
public sealed record TlsFiles(string Authority, string Certificate, string Key);
