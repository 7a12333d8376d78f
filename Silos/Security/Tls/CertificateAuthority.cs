using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>
/// A small authority in a folder: <c>ca.pem</c>, <c>ca.key</c>, and per member <c>silo-HOST.pem|key</c> or <c>client-NAME.pem|key</c>. Keys are ECDSA
/// P-256 in files of mode 0600. The authority's key is needed to add members only: keep it off the silos.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan MemberLife = TimeSpan.FromDays(397);
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(10);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _clock;

    private CertificateAuthority(string folder, X509Certificate2 certificate, TimeProvider clock) =>
        (Folder, _certificate, _clock) = (folder, certificate, clock);

    /// <summary>Where its files are.</summary>
    public string Folder { get; }

    private static string CertificateName => "ca.pem";

    /// <summary>Makes a new authority.</summary>
    /// <exception cref="SecurityException">The folder has one already, or cannot be written.</exception>
    public static CertificateAuthority Create(string folder, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        string path = Path.GetFullPath(folder);
        if (File.Exists(Path.Combine(path, CertificateName)) || File.Exists(KeyOf(path)))
        {
            throw new SecurityException($"'{path}' has an authority already. Add members to it with ddm cert add, or choose another folder.");
        }

        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SecurityException($"The folder '{path}' cannot be made: {e.Message}", e);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=OrleansDDM authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        DateTimeOffset now = clock.GetUtcNow();
        X509Certificate2 certificate = request.CreateSelfSigned(now - Backdated, now + AuthorityLife);
        SecretFile.CreatePair(KeyOf(path), key.ExportPkcs8PrivateKeyPem() + "\n", Path.Combine(path, CertificateName), certificate.ExportCertificatePem() + "\n");
        return new CertificateAuthority(path, certificate, clock);
    }

    /// <summary>Opens an authority.</summary>
    /// <exception cref="SecurityException">There is none, or its key can be read by others.</exception>
    public static CertificateAuthority Open(string folder, TimeProvider clock)
    {
        string path = Path.GetFullPath(folder);
        string key = SecretFile.Read(KeyOf(path), "authority's key");
        try
        {
            return new CertificateAuthority(path, X509Certificate2.CreateFromPem(SecretFile.ReadPublic(Path.Combine(path, CertificateName), "authority's certificate"), key), clock);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new SecurityException($"'{path}' holds no usable authority: {e.Message}", e);
        }
    }

    /// <summary>Makes the certificate of a silo.</summary>
    /// <param name="host">IP address at which others reach it (Silo:Address).</param>
    /// <exception cref="SecurityException">It is no address, or has a certificate already.</exception>
    public TlsFiles AddSilo(string host) => IPAddress.TryParse(host, out IPAddress? address)
        ? Add("silo-" + address, host, address, "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")
        : throw new SecurityException($"'{host}' is no IP address. A silo's certificate names the address at which others reach it (Silo:Address).");

    /// <summary>Makes the certificate of a client. It opens connections; what he may do is up to his token.</summary>
    /// <param name="name">As in a token.</param>
    /// <exception cref="SecurityException">It is no name, or has a certificate already.</exception>
    public TlsFiles AddClient(string name) => Tokens.Token.IsName(name) && name[0] != '.'
        ? Add("client-" + name, name, address: null, "1.3.6.1.5.5.7.3.2")
        : throw new SecurityException($"'{name}' is no name for a client: it takes 1 to 64 letters, digits, '.', '_', '-' and '@', not starting with '.'.");

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static string KeyOf(string folder) => Path.Combine(folder, "ca.key");

    private TlsFiles Add(string file, string subject, IPAddress? address, params string[] uses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(subject);
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        var oids = new OidCollection();
        foreach (string use in uses)
        {
            oids.Add(new Oid(use));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(oids, critical: true));
        if (address is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(address);
            request.CertificateExtensions.Add(names.Build());
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        DateTimeOffset now = _clock.GetUtcNow();
        DateTimeOffset end = now + MemberLife < _certificate.NotAfter.ToUniversalTime() ? now + MemberLife : _certificate.NotAfter.ToUniversalTime();
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40); // Positive, and without a leading zero (RFC 5280 §4.1.2.2).
        using X509Certificate2 certificate = request.Create(_certificate, now - Backdated, end, serial);
        string safe = file.Replace(':', '_');
        var files = new TlsFiles(
            Path.Combine(Folder, CertificateName),
            Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{safe}.pem")),
            Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{safe}.key")));
        if (File.Exists(files.Certificate))
        {
            throw new SecurityException($"'{files.Certificate}' exists. Delete it and its key first, if it is to be replaced.");
        }

        SecretFile.CreatePair(files.Key, key.ExportPkcs8PrivateKeyPem() + "\n", files.Certificate, certificate.ExportCertificatePem() + "\n");
        return files;
    }
}
