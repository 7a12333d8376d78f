using System.Security.Cryptography;

namespace OrleansDDM.Contracts.Artifacts;

/// <summary>The names of artifacts: the SHA-256 of their bytes as 64 lower-case hex digits.</summary>
public static class ArtifactNames
{
    /// <summary>Digits of a name.</summary>
    public const int Length = 64;

    /// <summary>The name of bytes.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Whether a text is a name.</summary>
    public static bool IsName(string? text)
    {
        if (text is not { Length: Length })
        {
            return false;
        }

        foreach (char c in text)
        {
            if (c is not ((>= '0' and <= '9') or (>= 'a' and <= 'f')))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Returns the text if it is a name.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static string Require(string? text) => IsName(text)
        ? text!
        : throw new ArgumentException($"'{Shown(text)}' is not an artifact's name; it is 64 lower-case hex digits.");

    private static string Shown(string? text) => text is { Length: > 80 } ? text[..80] + "..." : text ?? "null";
}
