using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Tokens;

/// <summary>Checks tokens against public keys and the clock. Several keys may be known, so that one can follow another.</summary>
public sealed class TokenVerifier : IDisposable
{
    private const int MaxRemembered = 1024;

    private readonly Dictionary<string, TokenKey> _keys;
    private readonly TimeSpan _skew;
    private readonly TimeProvider _clock;
    private readonly TokenRevocations _revocations;

    // A caller shows the same token with each call; its signature needs one look. Times are looked at every time.
    private readonly ConcurrentDictionary<string, Token> _signed = new(StringComparer.Ordinal);

    /// <summary>Creates a verifier that owns its keys.</summary>
    /// <param name="keys">At least one key.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="skew">How far clocks may differ: a token is good that much before its issue and after its end.</param>
    /// <param name="revocations">Tokens that hold no more; null = all hold until their end.</param>
    public TokenVerifier(IEnumerable<TokenKey> keys, TimeProvider clock, TimeSpan skew, TokenRevocations? revocations = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThan(skew, TimeSpan.Zero);
        _keys = keys.DistinctBy(k => k.Id).ToDictionary(k => k.Id, StringComparer.Ordinal);
        ArgumentOutOfRangeException.ThrowIfZero(_keys.Count, nameof(keys));
        (_clock, _skew, _revocations) = (clock, skew, revocations ?? new TokenRevocations());
    }

    /// <summary>Checks a token.</summary>
    /// <param name="text">What the caller shows; may be anything.</param>
    /// <exception cref="AccessDeniedException">It is no token, not ours, not valid yet, over, or revoked.</exception>
    public Token Verify(string? text)
    {
        if (!TryVerify(text, out Token? token, out string? fault))
        {
            throw new AccessDeniedException(fault);
        }

        return token;
    }

    /// <summary>Checks a token.</summary>
    /// <param name="text">What the caller shows; may be anything.</param>
    /// <param name="token">What it says.</param>
    /// <param name="fault">Why it is refused, for the user.</param>
    public bool TryVerify(string? text, [NotNullWhen(true)] out Token? token, [NotNullWhen(false)] out string? fault)
    {
        token = null;
        if (string.IsNullOrEmpty(text))
        {
            fault = "This cluster asks who you are: show a token by --token FILE or DDM__Auth__Token. An admin makes one: ddm token create.";
            return false;
        }

        if (!_signed.TryGetValue(text, out Token? found))
        {
            if (!TokenText.TryRead(text, out found, out byte[]? signature))
            {
                fault = "What was shown is no token of this release. Ask for one: ddm token create.";
                return false;
            }

            if (!_keys.TryGetValue(found.KeyId, out TokenKey? key) || !key.Verify(found, signature))
            {
                fault = $"The token for '{found.Name}' is not signed by a key that this cluster knows (it names key {found.KeyId}). Ask for one: ddm token create.";
                return false;
            }

            if (_signed.Count >= MaxRemembered)
            {
                _signed.Clear();
            }

            _signed.TryAdd(text, found);
        }

        DateTimeOffset now = _clock.GetUtcNow();
        fault = found.Expires - found.Issued > Token.LongestLife || found.Expires <= found.Issued
            ? $"The token for '{found.Name}' claims to live longer than {Token.LongestLife.TotalDays} days, or not at all. Ask for another: ddm token create."
            : now < found.Issued - _skew ? $"The token for '{found.Name}' is not valid before {found.Issued:u}; here it is {now:u}. Set the clocks."
            : now >= found.Expires + _skew ? $"The token for '{found.Name}' ended at {found.Expires:u}. Ask for another: ddm token create."
            : _revocations.Covers(found) ? $"The token for '{found.Name}' of {found.Issued:u} was revoked. Ask for another: ddm token create."
            : null;
        token = fault is null ? found : null;
        return fault is null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TokenKey key in _keys.Values)
        {
            key.Dispose();
        }
    }
}
