using System.Text.RegularExpressions;

using Xunit;

namespace OrleansDDM.Tests.House;

public sealed partial class RepositoryTests
{
    private const long LargestFile = 400_000;

    public static TheoryData<string> Markdown => [.. Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal)).DefaultIfEmpty("LICENSE")];

    [Fact]
    public void Files_are_found_and_build_outputs_are_not_among_them()
    {
        Assert.Contains("OrleansDDM.sln", Repository.Files);
        Assert.Contains("Tests/House/RepositoryTests.cs", Repository.Files);
        Assert.DoesNotContain(Repository.Files, f => f.Split('/').Any(part => part is "bin" or "obj"));
    }

    [Fact]
    public void No_file_is_large() =>
        Assert.DoesNotContain(Repository.Files, f => new FileInfo(Repository.FullPath(f)).Length > LargestFile);

    [Fact]
    public void No_file_is_binary_but_the_pictures_of_the_docs() =>
        Assert.DoesNotContain(Repository.Files, f => IsBinary(f) && !Picture().IsMatch(f));

    [Fact]
    public void No_text_names_a_path_of_the_machine_it_was_written_on()
    {
        string[] found =
        [
            .. from file in Repository.Files
               where !IsBinary(file)
               from line in File.ReadLines(Repository.FullPath(file)).Select((text, i) => (Text: text, Number: i + 1))
               where MachinePath().IsMatch(line.Text)
               select $"{file}:{line.Number}: {line.Text.Trim()}",
        ];
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("see `/{0}/x`", true)]
    [InlineData("cd /{0}/", true)]
    [InlineData("docs/{0}/x", false)]
    [InlineData("frame{0}/x", false)]
    [InlineData("https://example.org/a-/{0}s", false)]
    public void Machine_path_is_told_from_other_text(string pattern, bool expected) =>
        Assert.All(["work", "root"], folder => Assert.Equal(expected, MachinePath().IsMatch(string.Format(null, pattern, folder))));

    [Fact]
    public void Scripts_are_executable_and_the_server_runs_the_same_command_as_everyone()
    {
        string server = File.ReadAllText(Repository.FullPath(".ci/run"));
        Assert.EndsWith("exec ./test.sh\n", server, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            foreach (string script in new[] { "test.sh", ".ci/run" })
            {
                Assert.True(File.GetUnixFileMode(Repository.FullPath(script)).HasFlag(UnixFileMode.UserExecute), script);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Markdown))]
    public void Relative_links_lead_to_files_and_headings_that_exist(string file) =>
        Assert.Empty(MarkdownLinks.Broken(file, File.ReadAllText(Repository.FullPath(file)), Read));

    [Theory]
    [InlineData("[a](LICENSE)", 0)]
    [InlineData("[a](nowhere.md)", 1)]
    [InlineData("[a](<no where.md> \"title\")", 1)]
    [InlineData("![grid](docs/none.png) and <img src=\"none.png\">", 2)]
    [InlineData("[a]: nowhere.md", 1)]
    [InlineData("[a](https://example.org/x) [b](mailto:a@b.c)", 0)]
    [InlineData("# One two: `three`!\n[a](#one-two-three) [b](#four)", 1)]
    [InlineData("[a](Tests) [b](Tests/none)", 1)]
    [InlineData("```\n[a](nowhere.md)\n```\nand `[a](nowhere.md)`", 0)]
    public void Broken_links_are_counted(string text, int broken) => Assert.Equal(broken, MarkdownLinks.Broken("CHANGES.md", text, Read).Count);

    private static string? Read(string path)
    {
        string full = Repository.FullPath(path);
        return File.Exists(full) ? File.ReadAllText(full) : Directory.Exists(full) ? string.Empty : null;
    }

    private static bool IsBinary(string file)
    {
        using FileStream stream = File.OpenRead(Repository.FullPath(file));
        byte[] start = new byte[8192];
        return start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)).Contains((byte)0);
    }

    [GeneratedRegex("(?<![A-Za-z0-9_.~/-])/(?:work|root)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"^docs/.*\.(?:png|jpg)$")]
    private static partial Regex Picture();
}
