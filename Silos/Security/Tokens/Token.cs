using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Tokens;

/// <summary>What a token says: who the bearer is, what he may be, and until when.</summary>
/// <param name="Role">One role, not a combination.</param>
/// <param name="Name">Whom it was made for: 1 to 64 of letters, digits, '.', '_', '-' and '@'.</param>
/// <param name="Issued">When it was made, UTC, whole seconds.</param>
/// <param name="Expires">When it ends, UTC, whole seconds.</param>
/// <param name="KeyId">Which key signed it: <see cref="TokenKey.Id"/>.</param>
public sealed record Token(Roles Role, string Name, DateTimeOffset Issued, DateTimeOffset Expires, string KeyId)
{
    /// <summary>Longest life of a token.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(31);

    /// <summary>What a token's text says, whoever signed it; null where it is no token.</summary>
    public static Token? Read(string? text) => TokenText.TryRead(text, out Token? token, out _) ? token : null;

    /// <summary>Whether <paramref name="name"/> can stand in a token.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > 64)
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-' or '@'))
            {
                return false;
            }
        }

        return true;
    }
}
