using System.Text.Json.Nodes;

using TorchSharp;

using Xunit;

namespace OrleansDDM.Tests.House;

/// <summary>build/TorchNative.targets: the native library loads, from a patched copy, and 600 MB are linked rather than copied.</summary>
public sealed class TorchNativeTests
{
    private const string Library = "libLibTorchSharp.so";
    private const string Newest = "GLIBCXX_3.4.32";
    private static readonly string Natives = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    [Fact]
    public void Native_library_loads_and_computes()
    {
        using torch.Tensor ones = torch.ones(2, 3, torch.float64);
        using torch.Tensor product = ones.matmul(ones.t());
        Assert.Equal([3, 3, 3, 3], product.data<double>().ToArray());
    }

    [Fact]
    public void Only_the_version_that_debian_12_lacks_is_weak_in_the_output()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        IReadOnlyList<(string Library, string Version, bool Weak)> needs = ElfVersionNeeds.Read(Path.Combine(Natives, Library));
        Assert.Contains(needs, n => n.Version.StartsWith("GLIBC_", StringComparison.Ordinal));
        Assert.Equal([("libstdc++.so.6", Newest)], needs.Where(n => n.Weak).Select(n => (n.Library, n.Version)));
    }

    [Fact]
    public void Package_cache_keeps_the_library_as_it_came()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        byte[] original = File.ReadAllBytes(OriginalLibrary());
        byte[] patched = File.ReadAllBytes(Path.Combine(Natives, Library));
        Assert.DoesNotContain(ElfVersionNeeds.Read(OriginalLibrary()), n => n.Weak);
        Assert.Contains(ElfVersionNeeds.Read(OriginalLibrary()), n => n.Version == Newest);
        Assert.Equal(original.Length, patched.Length);
        int[] changed = [.. Enumerable.Range(0, original.Length).Where(i => original[i] != patched[i])];
        Assert.Equal(2, patched[Assert.Single(changed)] ^ original[changed[0]]);
    }

    [Fact]
    public void Natives_in_the_output_are_links()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Assert.Contains(Directory.EnumerateFiles(Natives), f => Path.GetFileName(f) == "libtorch_cpu.so");
        Assert.DoesNotContain(Directory.EnumerateFiles(Natives), f => new FileInfo(f).LinkTarget is null);
    }

    /// <summary>Asks MSBuild what `dotnet publish Client` would copy; a publish itself copies 600 MB.</summary>
    [Fact]
    public void Publish_takes_the_patched_library()
    {
        (int code, string output) = Repository.Run(
            "dotnet", "msbuild", "Client", "-t:ComputeResolvedFilesToPublishList", "-getItem:ResolvedFileToPublish", "-p:Configuration=Release", "-nodeReuse:false");
        Assert.True(code == 0, output);
        JsonNode[] items = [.. JsonNode.Parse(output)!["Items"]!["ResolvedFileToPublish"]!.AsArray().Select(i => i!)
            .Where(i => i["RelativePath"]!.GetValue<string>().EndsWith(Library, StringComparison.Ordinal))];
        JsonNode item = Assert.Single(items);
        Assert.Equal($"runtimes/linux-x64/native/{Library}", item["RelativePath"]!.GetValue<string>());
        Assert.Contains(ElfVersionNeeds.Read(item["FullPath"]!.GetValue<string>()), n => n is { Version: Newest, Weak: true });
    }

    /// <summary>Evaluated only: the packages with CUDA are several GB.</summary>
    [Theory]
    [InlineData("Client", null, "libtorch-cpu-linux-x64")]
    [InlineData("Silos", "cpu", "libtorch-cpu-linux-x64")]
    [InlineData("Client", "cuda", "libtorch-cuda-12.8-linux-x64")]
    [InlineData("Silos", "cuda", "libtorch-cuda-12.8-linux-x64")]
    public void One_property_chooses_the_backend(string project, string? backend, string package)
    {
        (int code, string output) = Repository.Run("dotnet", ["msbuild", project, "-getItem:PackageReference,PackageVersion", "-nodeReuse:false", .. backend is null ? Array.Empty<string>() : [$"-p:TorchBackend={backend}"]]);
        Assert.True(code == 0, output);
        JsonNode items = JsonNode.Parse(output)!["Items"]!;
        string[] Names(string item) => [.. items[item]!.AsArray().Select(i => i!["Identity"]!.GetValue<string>())];
        Assert.Equal([package], Names("PackageReference").Where(n => n.StartsWith("libtorch", StringComparison.Ordinal)));
        Assert.Contains(package, Names("PackageVersion"));
    }

    [Fact]
    public void Another_backend_is_refused_by_name()
    {
        (int code, string output) = Repository.Run("dotnet", "msbuild", "Silos", "-t:CheckTorchBackend", "-p:TorchBackend=rocm", "-nodeReuse:false");
        Assert.Equal(1, code);
        Assert.Contains("TorchBackend is 'rocm'; it must be cpu or cuda.", output, StringComparison.Ordinal);
    }

    private static string OriginalLibrary()
    {
        string assembly = File.ResolveLinkTarget(typeof(torch).Assembly.Location, returnFinalTarget: true)!.FullName;
        string package = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(assembly)!, "..", ".."));
        return Path.Combine(package, "runtimes", "linux-x64", "native", Library);
    }
}
