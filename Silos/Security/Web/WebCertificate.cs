using System.Security.Cryptography.X509Certificates;

using OrleansDDM.Silos.Security.Tls;

namespace OrleansDDM.Silos.Security.Web;

/// <summary>The files of the certificate under which pages are served by HTTPS, both PEM.</summary>
/// <param name="Certificate">The certificate; its file may go on with the authorities that signed it.</param>
/// <param name="Key">Its private key, readable by its owner only.</param>
public sealed record WebCertificate(string Certificate, string Key)
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";

    /// <summary>Loads and checks it.</summary>
    /// <exception cref="SecurityException">A file cannot be read, others can read the key, the two are no pair, or the certificate does not hold now or is not for servers.</exception>
    internal CertificateFile Load(TimeProvider clock)
    {
        CertificateFile file = CertificateFile.Load(Certificate, Key, clock);
        X509EnhancedKeyUsageExtension? uses = file.Certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
        return uses is null || uses.EnhancedKeyUsages[ServerUse] is not null
            ? file
            : throw new SecurityException($"The certificate '{Certificate}' is not for servers, so no pages can be served under it. Give Web:Certificate a silo's (ddm cert add --host) or that of a public authority.");
    }
}
