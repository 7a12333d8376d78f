using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>
/// What a process shows to others, and whom it believes: TLS 1.2 or 1.3, certificates on both sides, signed by one authority and by no other. A silo's
/// certificate is good for serving and calling (server and client authentication), a client's for calling only; so a client cannot pose as a silo.
/// </summary>
internal sealed class TlsIdentity
{
    /// <summary>The protocol by which a process asks whether it would be let in: the other side answers one byte and hangs up.</summary>
    public static readonly SslApplicationProtocol ProbeProtocol = new("ddm-probe");

    /// <summary>The protocol of silos and clients.</summary>
    public static readonly SslApplicationProtocol Protocol = new("ddm");

    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _authority;
    private readonly SslStreamCertificateContext _shown;

    private TlsIdentity(X509Certificate2 authority, CertificateFile own)
    {
        (_authority, Own) = (authority, own);
        _shown = SslStreamCertificateContext.Create(own.Certificate, additionalCertificates: null, offline: true);
    }

    /// <summary>This process's certificate.</summary>
    public CertificateFile Own { get; }

    /// <summary>Loads and checks an identity.</summary>
    /// <exception cref="SecurityException">A file cannot be read, others can read the key, the pieces do not belong together, or the certificate is over.</exception>
    public static TlsIdentity Load(TlsFiles files, TimeProvider clock)
    {
        X509Certificate2 authority = Certificate(files.Authority, "authority's certificate");
        CertificateFile own = CertificateFile.Load(files.Certificate, files.Key, clock);
        var identity = new TlsIdentity(authority, own);
        using var chain = new X509Chain { ChainPolicy = identity.Policy() };
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
        return chain.Build(own.Certificate)
            ? identity
            : throw new SecurityException($"The certificate '{files.Certificate}' is not signed by '{files.Authority}'. Use the files that one ddm cert init made.");
    }

    /// <summary>To accept connections.</summary>
    /// <param name="silosOnly">Whether a client's certificate will not do.</param>
    /// <param name="told">Hears why a certificate was refused.</param>
    public SslServerAuthenticationOptions ToServe(bool silosOnly, Action<string> told) => new()
    {
        ServerCertificateContext = _shown,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        AllowTlsResume = false, // Each connection shows its certificate anew, to the port that it came to.
        ApplicationProtocols = [Protocol, ProbeProtocol],
        CertificateChainPolicy = silosOnly ? Policy(ServerUse, ClientUse) : Policy(ClientUse),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Judge(certificate, chain, errors, told),
    };

    /// <summary>To open a connection to a silo.</summary>
    /// <param name="host">Its address, which its certificate must name.</param>
    /// <param name="protocol">What for.</param>
    /// <param name="told">Hears why its certificate was refused.</param>
    public SslClientAuthenticationOptions ToCall(string host, SslApplicationProtocol protocol, Action<string> told) => new()
    {
        TargetHost = host,
        ClientCertificateContext = _shown,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        AllowTlsResume = false, // Each connection shows its certificate anew, to the port that it came to.
        ApplicationProtocols = [protocol],
        CertificateChainPolicy = Policy(ServerUse),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Judge(certificate, chain, errors, told),
    };

    private static bool Judge(System.Security.Cryptography.X509Certificates.X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, Action<string> told)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        X509ChainStatusFlags flags = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, s) => all | s.Status);
        told(certificate is null ? "it shows no certificate"
            : (flags & X509ChainStatusFlags.NotTimeValid) != 0 ? $"its certificate ({certificate.Subject}) is over or not yet valid"
            : (flags & X509ChainStatusFlags.NotValidForUsage) != 0 ? $"its certificate ({certificate.Subject}) is a client's, and this port is for silos"
            : (errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0 ? $"its certificate ({certificate.Subject}) is not signed by the authority of this cluster (Tls:Authority)"
            : $"its certificate ({certificate.Subject}) is for another address");
        return false;
    }

    private static X509Certificate2 Certificate(string path, string what)
    {
        try
        {
            return X509Certificate2.CreateFromPem(SecretFile.ReadPublic(path, what));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new SecurityException($"The {what} '{path}' is none: {e.Message}", e);
        }
    }

    private X509ChainPolicy Policy(params string[] uses)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(_authority);
        foreach (string use in uses)
        {
            policy.ApplicationPolicy.Add(new Oid(use));
        }

        return policy;
    }
}
