using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>A certificate with its private key, from two PEM files, and when it ends.</summary>
/// <param name="Path">File of the certificate.</param>
/// <param name="Certificate">The certificate, with its key.</param>
/// <param name="Chain">What stands behind it in its file: the authorities between it and a root.</param>
internal sealed record CertificateFile(string Path, X509Certificate2 Certificate, X509Certificate2Collection Chain)
{
    /// <summary>Time before its end from which health tells it.</summary>
    public static readonly TimeSpan SoonOver = TimeSpan.FromDays(14);

    /// <summary>When it ends, UTC.</summary>
    public DateTimeOffset Ends => Certificate.NotAfter.ToUniversalTime();

    /// <summary>Loads and checks it.</summary>
    /// <param name="certificate">File of the certificate; it may go on with the authorities that signed it.</param>
    /// <param name="key">File of its private key, readable by its owner only.</param>
    /// <param name="clock">Tells whether it holds now.</param>
    /// <exception cref="SecurityException">A file cannot be read, others can read the key, the two are no pair, or the certificate does not hold now.</exception>
    public static CertificateFile Load(string certificate, string key, TimeProvider clock)
    {
        string secret = SecretFile.Read(key, "certificate's key");
        string pem = SecretFile.ReadPublic(certificate, "certificate");
        X509Certificate2 own;
        var chain = new X509Certificate2Collection();
        try
        {
            own = X509Certificate2.CreateFromPem(pem, secret);
            chain.ImportFromPem(pem);
            chain.RemoveAt(0);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new SecurityException($"The certificate '{certificate}' and the key '{key}' are no pair: {e.Message}", e);
        }

        DateTimeOffset now = clock.GetUtcNow();
        return now < own.NotAfter.ToUniversalTime() && now >= own.NotBefore.ToUniversalTime()
            ? new CertificateFile(certificate, own, chain)
            : throw new SecurityException(
                $"The certificate '{certificate}' holds from {own.NotBefore.ToUniversalTime():u} to {own.NotAfter.ToUniversalTime():u}; it is {now.UtcDateTime:u}. Make another: ddm cert add.");
    }
}
