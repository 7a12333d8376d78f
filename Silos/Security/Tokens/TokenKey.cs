using System.Numerics;
using System.Security.Cryptography;
using System.Text;

using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Tokens;

/// <summary>
/// The key that signs tokens: ECDSA on P-256 with SHA-256 (FIPS 186-5), as .NET has it without further libraries. Silos need the public half
/// only, so who breaks into one can make no tokens.
/// </summary>
public sealed class TokenKey : IDisposable
{
    /// <summary>Order of the group of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3).</summary>
    private static readonly BigInteger Order = new(
        Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);

    private static readonly BigInteger Half = Order / 2;

    private readonly ECDsa _key;

    private TokenKey(ECDsa key, bool canSign)
    {
        _key = key;
        CanSign = canSign;
        Id = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16];
    }

    /// <summary>The first 16 hex digits of the SHA-256 of the public key (SubjectPublicKeyInfo).</summary>
    public string Id { get; }

    /// <summary>Whether the private half is there.</summary>
    public bool CanSign { get; }

    /// <summary>A new key.</summary>
    public static TokenKey Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), canSign: true);

    /// <summary>Writes the private half to <paramref name="path"/> (mode 0600) and the public one beside it, to <c>PATH.pub</c>.</summary>
    /// <exception cref="SecurityException">One of the files exists or cannot be written.</exception>
    public void Save(string path) =>
        SecretFile.CreatePair(path, _key.ExportPkcs8PrivateKeyPem() + "\n", path + ".pub", _key.ExportSubjectPublicKeyInfoPem() + "\n");

    /// <summary>Reads a private key.</summary>
    /// <exception cref="SecurityException">It is none, or others than its owner may read it.</exception>
    public static TokenKey LoadPrivate(string path) => Load(path, SecretFile.Read(path, "token key"), "PRIVATE KEY", canSign: true);

    /// <summary>Reads a public key.</summary>
    /// <exception cref="SecurityException">It is none, or others than its owner may change it.</exception>
    public static TokenKey LoadPublic(string path) => Load(path, SecretFile.ReadPublic(path, "public token key"), "PUBLIC KEY", canSign: false);

    /// <summary>Makes a token.</summary>
    /// <param name="role">One role.</param>
    /// <param name="name">For whom.</param>
    /// <param name="life">How long it holds; more than zero, at most <see cref="Token.LongestLife"/>.</param>
    /// <param name="now">The time of issue.</param>
    /// <exception cref="SecurityException">A value is out of range, or the key is a public one.</exception>
    public string Issue(Roles role, string name, TimeSpan life, DateTimeOffset now)
    {
        if (!CanSign)
        {
            throw new SecurityException("A public key signs no tokens: give the private one.");
        }

        if (role is not (Roles.Observer or Roles.Peer or Roles.Submitter or Roles.Admin))
        {
            throw new SecurityException($"A token has one role: observer, peer, submitter or admin, not '{role}'.");
        }

        if (!Token.IsName(name))
        {
            throw new SecurityException($"A token is for a name of 1 to 64 letters, digits, '.', '_', '-' and '@', not '{name}'.");
        }

        if (life < TimeSpan.FromSeconds(1) || life > Token.LongestLife)
        {
            throw new SecurityException($"A token lives from one second to {Token.LongestLife.TotalDays} days, not {life}.");
        }

        var issued = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var expires = DateTimeOffset.FromUnixTimeSeconds((now + life).ToUnixTimeSeconds());
        var token = new Token(role, name, issued, expires, Id);
        byte[] signature = _key.SignData(Encoding.ASCII.GetBytes(TokenText.Signed(token)), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        BigInteger s = SOf(signature);
        if (s > Half)
        {
            // (r, s) and (r, n - s) are both signatures of the same text; only the lower one is ours, so that nobody makes a second token of one.
            byte[] low = (Order - s).ToByteArray(isUnsigned: true, isBigEndian: true);
            signature.AsSpan(32).Clear();
            low.CopyTo(signature.AsSpan(64 - low.Length));
        }

        return TokenText.Write(token, signature);
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>Whether this key signed the token.</summary>
    internal bool Verify(Token token, byte[] signature) => token.KeyId == Id && SOf(signature) <= Half
        && _key.VerifyData(Encoding.ASCII.GetBytes(TokenText.Signed(token)), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static BigInteger SOf(byte[] signature) => new(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);

    private static TokenKey Load(string path, string pem, string label, bool canSign)
    {
        var key = ECDsa.Create();
        try
        {
            if (!PemEncoding.TryFind(pem, out PemFields found) || pem[found.Label] != label)
            {
                throw new SecurityException($"'{path}' holds no PEM block '{label}'. Make a key: ddm token key --out FILE; silos take FILE.pub, ddm token create takes FILE.");
            }

            key.ImportFromPem(pem);
            return key.KeySize == 256 && key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
                ? new TokenKey(key, canSign)
                : throw new SecurityException($"The key in '{path}' is not on the curve P-256. Make one: ddm token key --out FILE.");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new SecurityException($"'{path}' holds no usable key: {e.Message}", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
