using System.Text.RegularExpressions;

namespace OrleansDDM.Tests.House;

/// <summary>Finds relative links of a Markdown text that lead nowhere.</summary>
internal static partial class MarkdownLinks
{
    /// <param name="file">The text's own path from the root.</param>
    /// <param name="text">Markdown.</param>
    /// <param name="read">A file's text by its path from the root; empty for a folder, null where there is nothing.</param>
    public static IReadOnlyList<string> Broken(string file, string text, Func<string, string?> read)
    {
        string prose = Inline().Replace(Fence().Replace(text, string.Empty), string.Empty);
        return
        [
            .. from match in Link().Matches(prose)
               let target = match.Groups["to"].Value
               where !Absolute().IsMatch(target) && !Exists(file, text, target, read)
               select $"{file} -> {target}",
        ];
    }

    private static bool Exists(string file, string text, string target, Func<string, string?> read)
    {
        string[] parts = Uri.UnescapeDataString(target).Split('#', 2);
        string folder = Path.GetDirectoryName(file) ?? string.Empty;
        string path = Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", folder, parts[0])));
        string? aim = parts[0].Length == 0 ? text : read(path);
        return aim is not null && (parts.Length == 1 || Heading().Matches(aim).Any(h => Anchor(h.Groups["title"].Value) == parts[1]));
    }

    private static string Anchor(string title) =>
        NotInAnchor().Replace(title.Trim().ToLowerInvariant(), string.Empty).Replace(' ', '-');

    [GeneratedRegex(@"^(?<f>```|~~~).*?^\k<f>", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex Inline();

    [GeneratedRegex("""\]\(\s*(?:<(?<to>[^>\n]*)>|(?<to>[^)\s]+))(?:\s+"[^"\n]*")?\s*\)|^\[[^\]\n]+\]:\s*(?<to>\S+)|(?:src|href)="(?<to>[^"\n]+)"(?=[^<]*>)""", RegexOptions.Multiline)]
    private static partial Regex Link();

    [GeneratedRegex("^(?:[a-z][a-z0-9+.-]*:|//)", RegexOptions.IgnoreCase)]
    private static partial Regex Absolute();

    [GeneratedRegex(@"^#{1,6}\s+(?<title>.+?)\s*#*\s*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\s_-]")]
    private static partial Regex NotInAnchor();
}
