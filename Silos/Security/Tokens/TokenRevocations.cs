namespace OrleansDDM.Silos.Security.Tokens;

/// <summary>Which tokens were revoked before their end: for a name, or for everyone, those that were issued up to a moment. Thread-safe.</summary>
public sealed class TokenRevocations
{
    /// <summary>The name that stands for everyone; no token can bear it.</summary>
    public const string Everyone = "*";

    private volatile IReadOnlyDictionary<string, DateTimeOffset> _issuedUpTo = new Dictionary<string, DateTimeOffset>();

    /// <summary>Replaces what is known. Returns the names for which more is revoked than before.</summary>
    /// <param name="issuedUpTo">By name, the moment up to which tokens were issued that hold no more.</param>
    public IReadOnlyList<string> Set(IReadOnlyDictionary<string, DateTimeOffset> issuedUpTo)
    {
        ArgumentNullException.ThrowIfNull(issuedUpTo);
        IReadOnlyDictionary<string, DateTimeOffset> before = _issuedUpTo;
        _issuedUpTo = issuedUpTo;
        return [.. issuedUpTo.Where(r => !before.TryGetValue(r.Key, out DateTimeOffset old) || old < r.Value).Select(r => r.Key).Order(StringComparer.Ordinal)];
    }

    /// <summary>Whether a token was revoked.</summary>
    public bool Covers(Token token)
    {
        ArgumentNullException.ThrowIfNull(token);
        IReadOnlyDictionary<string, DateTimeOffset> known = _issuedUpTo;
        return Covers(token.Name) || Covers(Everyone);

        bool Covers(string name) => known.TryGetValue(name, out DateTimeOffset upTo) && token.Issued <= upTo;
    }
}
