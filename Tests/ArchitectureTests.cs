using System.Xml.Linq;

using Xunit;

namespace OrleansDDM.Tests;

/// <summary>Keeps the arrows between projects: an arrow that is not drawn here does not exist.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Specs"] = [],
        ["Contracts"] = ["Specs"],
        ["Learning"] = ["Specs"],
        ["Protocols"] = ["Specs"],
        ["Grains"] = ["Contracts", "Learning", "Protocols"],
        ["Experiments"] = ["Learning", "Protocols"],
        ["Silos"] = ["Grains"],
        ["Client"] = ["Contracts", "Experiments", "Silos"],
        ["Benchmarks"] = ["Client"],
        ["Tests"] = ["Client"],
    };

    public static TheoryData<string> Projects => [.. Arrows.Keys];

    [Fact]
    public void Every_project_is_in_the_drawing() =>
        Assert.Equal(
            Arrows.Keys.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Root(), "*.csproj", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
                .Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_references_only_what_is_drawn(string project) =>
        Assert.Equal(
            Arrows[project].Order(StringComparer.Ordinal),
            Items(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Replace('\\', '/'))).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("Specs", "Orleans")]
    [InlineData("Specs", "TorchSharp")]
    [InlineData("Contracts", "TorchSharp")]
    [InlineData("Learning", "Orleans")]
    [InlineData("Protocols", "Orleans")]
    [InlineData("Protocols", "TorchSharp")]
    public void Project_is_free_of_a_library(string project, string library)
    {
        Assert.DoesNotContain(Items(project, "PackageReference"), p => p.Contains(library, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(
            System.Reflection.Assembly.Load("OrleansDDM." + project).GetReferencedAssemblies(),
            a => a.Name == library || a.Name!.StartsWith(library + ".", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(Path.Combine(Root(), project, project + ".csproj")).Descendants(kind).Select(e => e.Attribute("Include")!.Value);

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OrleansDDM.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests must run inside the repository.");
    }
}
