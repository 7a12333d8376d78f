using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Tokens;

namespace OrleansDDM.Silos.Security;

/// <summary>What a client shows to a cluster: a token, and a certificate where the cluster has TLS.</summary>
/// <param name="Token">The token's text; null = none.</param>
/// <param name="Tls">Files of its certificate; null = plain.</param>
public sealed record ClientCredentials(string? Token = null, TlsFiles? Tls = null)
{
    /// <summary>Environment variable with a token, or with the path of a file that holds one.</summary>
    public const string TokenVariable = "DDM__Auth__Token";

    private const string TlsPrefix = "DDM__Tls__";

    /// <summary>What connections of this process to clusters show unless they are told otherwise; read when the first one asks.</summary>
    public static Lazy<ClientCredentials> Default { get; set; } = new(() => new ClientCredentials());

    /// <summary>Reads the credentials of a client.</summary>
    /// <param name="tokenFile">File with a token; it goes before the environment.</param>
    /// <param name="variable">Looks up an environment variable.</param>
    /// <exception cref="SecurityException">A file cannot be read or others can read it, or of the certificate's three files only some are named.</exception>
    public static ClientCredentials Read(string? tokenFile, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string? token = tokenFile is not null ? FromFile(tokenFile)
            : variable(TokenVariable) is not { Length: > 0 } named ? null
            : named.StartsWith(TokenText.Prefix, StringComparison.Ordinal) ? named
            : FromFile(named);
        string?[] files = [.. new[] { "Authority", "Certificate", "Key" }.Select(name => variable(TlsPrefix + name) is { Length: > 0 } file ? file : null)];
        return files.Count(f => f is not null) switch
        {
            0 => new ClientCredentials(token),
            3 => new ClientCredentials(token, new TlsFiles(files[0]!, files[1]!, files[2]!)),
            _ => throw new SecurityException($"Of {TlsPrefix}Authority, {TlsPrefix}Certificate and {TlsPrefix}Key only some are set: a certificate takes all three."),
        };
    }

    /// <summary>Reads a token from a file that its owner alone can read; whether it is good is up to the cluster.</summary>
    /// <exception cref="SecurityException">It cannot be read, or others can read it, or holds no token.</exception>
    public static string FromFile(string path)
    {
        string text = SecretFile.Read(path, "token").Trim();
        return TokenText.TryRead(text, out _, out _) ? text : throw new SecurityException($"'{path}' holds no token. Make one: ddm token create --out FILE.");
    }
}
