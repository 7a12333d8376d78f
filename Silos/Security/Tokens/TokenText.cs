using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Tokens;

/// <summary>
/// The form of a token: <c>ddm1:ROLE:NAME:ISSUED:EXPIRES:KEYID:SIGNATURE</c>, times in seconds since 1970, the signature (over all before
/// its colon) in base64url. There is one spelling for each content: what does not write back to itself is no token.
/// </summary>
internal static class TokenText
{
    /// <summary>What every token begins with.</summary>
    public const string Prefix = "ddm1:";

    /// <summary>Bytes of a signature: ECDSA P-256 as r and s.</summary>
    public const int SignatureBytes = 64;

    private const int MaxLength = 512;
    private const int Parts = 7;
    private const int KeyIdLength = 16;

    /// <summary>What is signed.</summary>
    public static string Signed(Token token) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Prefix}{token.Role.ToString().ToLowerInvariant()}:{token.Name}:{token.Issued.ToUnixTimeSeconds()}:{token.Expires.ToUnixTimeSeconds()}:{token.KeyId}");

    /// <summary>The token in full.</summary>
    public static string Write(Token token, ReadOnlySpan<byte> signature) => $"{Signed(token)}:{Base64Url.EncodeToString(signature)}";

    /// <summary>Reads a token; its signature is not checked.</summary>
    public static bool TryRead(string? text, [NotNullWhen(true)] out Token? token, [NotNullWhen(true)] out byte[]? signature)
    {
        (token, signature) = (null, null);
        if (text is not { Length: <= MaxLength } || text.Split(':') is not { Length: Parts } part)
        {
            return false;
        }

        if (Role(part[1]) is not { } role || !Token.IsName(part[2]) || Time(part[3]) is not { } issued || Time(part[4]) is not { } expires
            || part[5].Length != KeyIdLength || !part[5].All(char.IsAsciiHexDigitLower) || Signature(part[6]) is not { } bytes)
        {
            return false;
        }

        var read = new Token(role, part[2], issued, expires, part[5]);
        if (Write(read, bytes) != text)
        {
            return false;
        }

        (token, signature) = (read, bytes);
        return true;
    }

    /// <summary>The role of a name in lower case, or null.</summary>
    public static Roles? Role(string name) => name switch
    {
        "observer" => Roles.Observer,
        "peer" => Roles.Peer,
        "submitter" => Roles.Submitter,
        "admin" => Roles.Admin,
        _ => null,
    };

    private static DateTimeOffset? Time(string text) =>
        text.Length <= 11 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static byte[]? Signature(string text)
    {
        if (text.Length != Base64Url.GetEncodedLength(SignatureBytes) || !Base64Url.IsValid(text, out int length) || length != SignatureBytes)
        {
            return null;
        }

        byte[] bytes = new byte[SignatureBytes];
        return Base64Url.TryDecodeFromUtf8(Encoding.ASCII.GetBytes(text), bytes, out int written) && written == SignatureBytes ? bytes : null;
    }
}
